"""What happens to booked stays, with one guard taken out at a time: the auditor or the inspector must notice.

Each story is fine with its guard. As in `test_controls.py`, the guards are substituted here only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from aggregates.room_night import RoomNight
from commands import (
    change_stay,
    check_out,
    making_room,
    mark_no_show,
    move_stay,
    moving,
    pick_up,
    reinstate_stay,
    release_block,
    swap_stays,
)
from commands.check_in import CheckIn
from commands.desk import Desk
from commands.mark_no_show import MarkNoShow
from commands.pin_room import PinRoom
from commands.swap_stays import SwapStays
from projections import revenue
from tests.auditor import today
from tests.examples import ARRIVAL
from tests.property.groups_machine import GroupsMachine

Story = Callable[[GroupsMachine], None]
FITTING = 1
"""A pick that is not one of those that take any stay."""


def look(hotel: GroupsMachine) -> None:
    hotel.every_line_obeys_the_laws()
    hotel.the_auditor_sees_the_same_holders()
    hotel.the_read_models_show_what_the_auditor_knows()
    hotel.replay_equals_live()


def happens(story: Story, hotel: GroupsMachine) -> None:
    story(hotel)
    look(hotel)


def book(hotel: GroupsMachine, room: str, offset: int = 0, nights: int = 2, plan: str = "flexible") -> str:
    """Book a room by its code; give the id of the stay."""
    made: Any = hotel.hold(
        kind="villa" if room == "v1" else "garden", plan=plan, adults=2, offset=offset, nights=nights, rooms=1,
        holder=f"holder {len(hotel.asked)}", suggested=[room], pays=False,
    )  # fmt: skip
    hotel.staff_confirm(reservation=made)
    (stay_id,) = hotel.auditor.bookings[str(made)].stays
    assert set(hotel.auditor.stays[stay_id].rooms.values()) == {room}
    return stay_id


def ids(hotel: GroupsMachine, stay_id: str) -> dict[str, UUID]:
    return {"reservation_id": UUID(hotel.auditor.stays[stay_id].booking), "stay_id": UUID(stay_id)}


def arrive(hotel: GroupsMachine) -> None:
    """Let the day of arrival come, and everybody who is expected."""
    hotel.now += timedelta(days=(ARRIVAL - today(hotel.now)).days)
    for stay_id in list(hotel.auditor.stays):
        hotel.rooms_change(CheckIn.model_validate(ids(hotel, stay_id)), "", {stay_id: dict(hotel.auditor.stays[stay_id].rooms)})
        hotel.auditor.stays[stay_id].state = "checked_in"


def a_stay_ends_a_day_earlier(hotel: GroupsMachine) -> None:
    book(hotel, "g1", nights=3)
    hotel.stay_is_changed(pick=FITTING, arrival=0, departure=-1, kind="", plan="", adults=0)


def a_paid_stay_ends_earlier(hotel: GroupsMachine) -> None:
    made: Any = hotel.hold(
        kind="garden", plan="saver", adults=2, offset=0, nights=4, rooms=1, holder="a", suggested=["g1"], pays=False
    )  # fmt: skip
    payment = hotel.the_guest_opens_the_payment(reservation=made)
    hotel.what_was_seen_arrives(look=hotel.somebody_looks(payment=payment), status="succeeded", wrong_by=0)
    hotel.stay_is_changed(pick=FITTING, arrival=0, departure=-2, kind="", plan="", adults=0)


def a_stay_moves(hotel: GroupsMachine) -> None:
    book(hotel, "g1")
    hotel.stay_is_moved(pick=FITTING, room="g2", first=1)


def a_promised_stay_is_asked_to_move(hotel: GroupsMachine) -> None:
    book(hotel, "g1")
    hotel.room_is_promised(pick=FITTING, promised=True)
    hotel.stay_is_moved(pick=FITTING, room="g2", first=None)


def a_stay_is_asked_into_a_taken_room(hotel: GroupsMachine) -> None:
    book(hotel, "g1")
    book(hotel, "g2")
    hotel.stay_is_moved(pick=FITTING, room="g2", first=None)


def two_in_house_swap(hotel: GroupsMachine) -> None:
    one, other = book(hotel, "g1"), book(hotel, "g2")
    arrive(hotel)
    back = {f"other_{name}": value for name, value in ids(hotel, other).items()}
    rooms = {one: hotel.auditor.moved(one, "g2", ARRIVAL), other: hotel.auditor.moved(other, "g1", ARRIVAL)}
    hotel.rooms_change(SwapStays.model_validate(ids(hotel, one) | back), "", rooms)


def a_promised_room_stands_in_the_way(hotel: GroupsMachine) -> None:
    """Only by moving the promised stay of g2 into g1 could the fourth have a room."""
    book(hotel, "g1", nights=2)
    promised = book(hotel, "g2", offset=2, nights=2)
    book(hotel, "g3", nights=4)
    hotel.do(PinRoom.model_validate(ids(hotel, promised)))
    hotel.auditor.stays[promised].pinned = True
    hotel.do(PinRoom.model_validate(ids(hotel, next(iter(hotel.auditor.stays)))))
    hotel.auditor.stays[next(iter(hotel.auditor.stays))].pinned = True
    hotel.hold(kind="garden", plan="flexible", adults=2, offset=0, nights=4, rooms=1, holder="z", suggested=[], pays=False)


def guests_leave_early(hotel: GroupsMachine) -> None:
    book(hotel, "g1", nights=4)
    arrive(hotel)
    hotel.days_pass(hours=24)
    hotel.guests_leave(pick=FITTING, fee=None)


def one_leaves_and_the_other_is_cancelled(hotel: GroupsMachine) -> None:
    """Two rooms: what was slept in one of them stays sold."""
    book(hotel, "v1", offset=9)
    made: Any = hotel.hold(
        kind="garden", plan="flexible", adults=2, offset=0, nights=2, rooms=2, holder="a", suggested=[], pays=False
    )  # fmt: skip
    hotel.staff_confirm(reservation=made)
    hotel.now += timedelta(days=(ARRIVAL - today(hotel.now)).days)
    hotel.guests_arrive(pick=FITTING, room=None)
    hotel.guests_leave(pick=FITTING, fee=None)
    hotel.guest_cancels(reservation=made)


def guests_do_not_come(hotel: GroupsMachine) -> None:
    book(hotel, "g1")
    hotel.now += timedelta(days=(ARRIVAL - today(hotel.now)).days + 1)
    hotel.stay_is_given_up(pick=FITTING, cancels=False)


def guests_come_the_day_after(hotel: GroupsMachine) -> None:
    stay_id = book(hotel, "g1", nights=3)
    hotel.now += timedelta(days=(ARRIVAL - today(hotel.now)).days + 1)
    hotel.gives_up(stay_id, MarkNoShow)
    hotel.comes_back(stay_id, None, waives=False)


def another_has_their_room_when_they_come(hotel: GroupsMachine) -> None:
    stay_id = book(hotel, "g1", nights=3)
    hotel.now += timedelta(days=(ARRIVAL - today(hotel.now)).days + 1)
    hotel.gives_up(stay_id, MarkNoShow)
    book(hotel, "g1", offset=(today(hotel.now) - ARRIVAL).days)
    hotel.comes_back(stay_id, None, waives=False)


def a_group_has_every_garden_room(hotel: GroupsMachine) -> None:
    hotel.group_is_opened(ahead=2, cutoff=0, elastic=False, kind="garden", nights=2, option=None, rooms=3)


def a_rival_wants_a_room_of_the_block(hotel: GroupsMachine) -> None:
    a_group_has_every_garden_room(hotel)
    offset = (today(hotel.now) - ARRIVAL).days + 2
    hotel.hold(kind="garden", plan="flexible", adults=2, offset=offset, nights=2, rooms=1, holder="z", suggested=[], pays=False)


def a_room_of_the_block_is_picked_up(hotel: GroupsMachine) -> None:
    a_group_has_every_garden_room(hotel)
    hotel.room_is_picked_up(pick=FITTING, begin=0, nights=2, adults=1)


def a_block_goes_back(hotel: GroupsMachine) -> None:
    a_group_has_every_garden_room(hotel)
    hotel.block_is_released(pick=FITTING, reason="staff")


def nothing(*_: object, **__: object) -> list[Any]:
    return []


def settle_nothing(desk: Desk, *_: object) -> tuple[Any, list[Any]]:
    return desk.nothing, []


def movable(*args: Any) -> Any:
    return LODGED(*args).__class__(args[0], args[1].room, args[1].first, args[1].end, fixed=False)


def all_of_it(known: dict[str, revenue.Sales], subject: str, changes: revenue.Changes) -> None:
    """Take every stay off the books."""
    for cells in known.pop(subject).cells.values():
        revenue._add(changes, cells, -1)


class Everywhere(frozenset[UUID]):
    """Every room-night counts as left."""

    def __contains__(self, _: object) -> bool:
        return True


def let_in(desk: Desk, *_: object) -> None:
    """Look at nothing, and leave nothing for the second guard to see: whoever moves finds every night left."""
    LEFT.start()


LEFT = patch.object(moving, "left_by", lambda *_: Everywhere())
LODGED = making_room._lodged
GUARDS: dict[str, tuple[Story, tuple[Any, str, Any], str]] = {
    "law 3: a change keeps the nights that it gave up": (
        a_stay_ends_a_day_earlier, (change_stay, "cancel_some", nothing), "law 3: not all of its nights, or more",
    ),
    "law 7: what was paid for nights given up is kept": (
        a_paid_stay_ends_earlier, (Desk, "settle", settle_nothing), r"law 7: \d+ is kept",
    ),
    "law 1: a move does not leave the old room": (
        a_stay_moves, (moving, "_leaves", nothing), "came from nowhere",
    ),
    "law 3: a move does not arrive": (
        a_stay_moves, (moving, "_arrives", nothing), "left their rooms and arrived nowhere",
    ),
    "pins: a promised room is taken away": (
        a_promised_stay_is_asked_to_move, (move_stay, "must_not_be_pinned", nothing), "accepted and not stay.pinned",
    ),
    "law 1: nobody looks whether the other room is free": (
        a_stay_is_asked_into_a_taken_room, (move_stay, "must_take", let_in), "accepted and not room_night.taken",
    ),
    "law 1: the second half of a swap is forgotten": (
        two_in_house_swap, (swap_stays, "changes_of", lambda moves, *rest: moving.changes_of(moves[:1], *rest)),
        "room_night.taken and not accepted",
    ),
    "pins: promised stays make room for others": (
        a_promised_room_stands_in_the_way, (making_room, "_lodged", movable), "accepted and not sold_out",
    ),
    "law 3: who leaves early keeps the nights that are left": (
        guests_leave_early, (check_out, "end_some", nothing), "law 3: not all of its nights, or more",
    ),
    "law 3: who does not come keeps the room": (
        guests_do_not_come, (mark_no_show, "end_some", nothing), "law 3: not all of its nights, or more",
    ),
    "law 3: who comes after all has no night": (
        guests_come_the_day_after, (reinstate_stay, "book", nothing), "law 3: not all of its nights, or more",
    ),
    "read models: who comes after all has sold the nights before, too": (
        guests_come_the_day_after, (reinstate_stay, "part_of", lambda price, _: price), "on the books",
    ),
    "law 1: who comes after all takes a room that others have": (
        another_has_their_room_when_they_come, (reinstate_stay, "are_free", lambda *_: True),
        "room_night.taken and not accepted",
    ),
    "read models: what was slept in goes off the books with the rest": (
        one_leaves_and_the_other_is_cancelled, (revenue, "_take_back", all_of_it), "on the books",
    ),
    "blocks: a blocked room-night counts as free": (
        a_rival_wants_a_room_of_the_block, (RoomNight, "is_free", lambda *_: True), "accepted and not sold_out",
    ),
    "blocks: who is picked up does not leave the block": (
        a_room_of_the_block_is_picked_up, (pick_up, "given_back", nothing), "room_night.taken and not accepted",
    ),
    "blocks: a released block keeps its rooms": (
        a_block_goes_back, (release_block, "given_back", nothing), "not the auditor's",
    ),
}  # fmt: skip


@pytest.fixture
def hotel() -> Iterator[GroupsMachine]:
    machine = GroupsMachine()
    machine.open_the_hotel()
    yield machine
    machine.teardown()
    patch.stopall()


@pytest.mark.parametrize("story", dict.fromkeys(story for story, _, _ in GUARDS.values()), ids=lambda story: story.__name__)
def test_with_its_guards_nobody_is_wronged(hotel: GroupsMachine, story: Story) -> None:
    happens(story, hotel)


@pytest.mark.parametrize("guard", GUARDS)
def test_control_without_a_guard_somebody_notices(hotel: GroupsMachine, guard: str) -> None:
    story, damage, said = GUARDS[guard]
    with patch.object(*damage), pytest.raises(AssertionError, match=said):
        happens(story, hotel)
