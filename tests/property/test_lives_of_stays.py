"""Whatever is asked of stays, in whatever order: their rooms by night and the room-nights in the ledger say the same.

Told on a hotel of four rooms by real commands; the owner of each night is followed by a dictionary, event by event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as examples_of
from hypothesis import settings
from hypothesis import strategies as st

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.cancel_reservation import CancelReservation
from commands.cancel_stay import CancelStay
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.mark_no_show import MarkNoShow
from commands.move_stay import MoveStay
from commands.pin_room import PinRoom
from commands.swap_stays import SwapStays
from commands.unpin_room import UnpinRoom
from ledger.command import Change, Command
from ledger.money import total
from ledger.stay import BookedStay
from tests.examples import ARRIVAL, NOW, OPENED, ROOMS, confirmed, deposit_of, held, named, paying, stay, usd
from tests.spec import given

MANY = settings(max_examples=2 * settings().max_examples)
NAMES = ("a", "b", "c")
STAYS: dict[str, tuple[BookedStay, ...]] = {
    "a": (stay("a", "g1", 3), stay("a", "g2", 2)),
    "b": (stay("b", "g3", 2, rate_plan="saver"),),
    "c": (stay("c", "g1", 2, arrival=ARRIVAL + timedelta(days=3)),),
}
OF_WHOM = [(name, each.stay_id) for name in NAMES for each in STAYS[name]]
PAID = usd(30_000)

days = st.integers(-1, 7).map(lambda number: ARRIVAL + timedelta(days=number))
rooms = st.sampled_from([room.code for room in ROOMS])
stays = st.sampled_from(OF_WHOM)


def of_a_stay(kind: Callable[..., Command], **wish: st.SearchStrategy[Any]) -> st.SearchStrategy[Command]:
    """Ask something of any stay."""
    return st.tuples(stays, st.fixed_dictionaries(wish)).map(
        lambda drawn: kind(reservation_id=named(drawn[0][0]), stay_id=drawn[0][1], **drawn[1])
    )


def asked_to_swap(drawn: tuple[tuple[str, UUID], tuple[str, UUID], bool]) -> SwapStays:
    (name, stay_id), (other, other_id), other_types = drawn
    return SwapStays(
        reservation_id=named(name), stay_id=stay_id, other_reservation_id=named(other), other_stay_id=other_id,
        other_types=other_types,
    )  # fmt: skip


optional_days = st.none() | days
COMMANDS = st.one_of(
    of_a_stay(ChangeStay, arrival=optional_days, departure=optional_days, adults=st.sampled_from([None, 1, 2])),
    of_a_stay(ChangeStay, room_type=st.sampled_from(["garden", "villa"]), departure=optional_days),
    of_a_stay(CancelStay),
    of_a_stay(CheckIn, room=st.none() | rooms),
    of_a_stay(CheckOut, fee_minor=st.sampled_from([None, 0, 500])),
    of_a_stay(MarkNoShow),
    of_a_stay(MoveStay, room=rooms, first_night=optional_days),
    of_a_stay(PinRoom),
    of_a_stay(UnpinRoom),
    st.tuples(stays, stays, st.booleans()).map(asked_to_swap),
    st.sampled_from(NAMES).map(lambda name: CancelReservation(reservation_id=named(name))),
)  # fmt: skip
STEPS = st.lists(st.tuples(COMMANDS, st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=14)
"""What is asked, and how many days pass before."""


def booked() -> list[Change]:
    """Tell that three guests have booked; the first has paid a good part of it."""
    told = [*OPENED]
    for name, of in STAYS.items():
        told += held(name, *of)
        if name == "a":
            fields: dict[str, Any] = {"intent_id": "pi", "charge_id": "ch", "amount": PAID, "purpose": "deposit"}
            captured = Payment.Captured(reservation_id=named(name), **fields)
            told += [*paying(name, amount=PAID), Change(deposit_of(name), captured)]
        told += confirmed(name, *of)
    return told


Owners = dict[tuple[str, date], UUID]


def owners_after(changes: Sequence[Change]) -> Owners:
    """Follow who has each night of each room; nobody takes a night that somebody has, nobody gives another's back."""
    owners: Owners = {}
    for change in changes:
        event: Any = change.event
        night: Any = (getattr(event, "room", ""), getattr(event, "stay_date", None))
        match event:
            case RoomNight.HoldRequested() | RoomNight.Reassigned(arrives=True):
                assert night not in owners, f"{night} has two holders"
                owners[night] = event.stay_id
            case RoomNight.BookingConfirmed():
                assert owners[night] == event.stay_id
            case RoomNight.Cancelled() | RoomNight.Released() | RoomNight.Reassigned(arrives=False):
                assert owners.pop(night) == event.stay_id
    return owners


def reservations_after(changes: Sequence[Change]) -> dict[str, Reservation]:
    folded = {name: Reservation() for name in NAMES}
    by_id = {named(name): folded[name] for name in NAMES}
    for change in changes:
        if change.stream in by_id:
            by_id[change.stream].apply(change.event)
    return folded


def check(story: Sequence[Change]) -> None:
    """Room-nights are the stays' nights, exactly; what goes back was paid."""
    reservations = reservations_after(story)
    lives = [live for reservation in reservations.values() for live in reservation.live.values()]
    nights = Counter((room, night) for live in lives for night, room in live.nights())
    assert not [night for night, count in nights.items() if count > 1]
    assert owners_after(story) == {(room, night): live.stay_id for live in lives for night, room in live.nights()}
    back = total((each.event.amount for each in story if isinstance(each.event, Payment.RefundAsked)), "USD")
    assert back <= PAID


def live_out(steps: Sequence[tuple[Command, int]]) -> tuple[list[Change], Counter[str]]:
    """Ask one thing after the other, check after each, and count what was accepted."""
    story, now, accepted = booked(), NOW + timedelta(days=8), Counter[str]()
    for number, (command, days_later) in enumerate(steps):
        now += timedelta(days=days_later)
        verdict = given(*story).when(command, at=now, command_id=named(f"command {number}"))
        if verdict.refusal is not None:
            continue
        accepted[type(command).__name__] += 1
        story = [*story, *verdict.decision.changes]
        check(story)
    return story, accepted


@MANY
@examples_of(STEPS)
def test_room_nights_are_the_nights_of_the_stays(steps: list[tuple[Command, int]]) -> None:
    live_out(steps)


def test_control_a_life_in_which_everything_is_accepted() -> None:
    """Were everything refused, the law above would hold of nothing."""
    of: dict[str, Any] = {"reservation_id": named("a"), "stay_id": STAYS["a"][0].stay_id}
    other: dict[str, Any] = {"other_reservation_id": named("b"), "other_stay_id": STAYS["b"][0].stay_id}
    steps: list[tuple[Command, int]] = [
        (PinRoom(**of), 0), (UnpinRoom(**of), 0), (SwapStays(**of, **other), 0), (ChangeStay(**of, adults=1), 0),
        (MoveStay(**of, room="v1", first_night=ARRIVAL + timedelta(days=1)), 0),
        (CancelStay(reservation_id=named("a"), stay_id=STAYS["a"][1].stay_id), 0), (CheckIn(**of), 1), (CheckOut(**of), 1),
        (MarkNoShow(reservation_id=named("b"), stay_id=STAYS["b"][0].stay_id), 0),
        (CancelReservation(reservation_id=named("c")), 0),
    ]  # fmt: skip
    _, accepted = live_out(steps)
    assert sum(accepted.values()) == len(steps)


def test_control_a_forgotten_night_is_seen() -> None:
    story, _ = live_out([(MoveStay(reservation_id=named("b"), stay_id=STAYS["b"][0].stay_id, room="v1"), 0)])
    leaves = [each for each in story if isinstance(each.event, RoomNight.Reassigned) and not each.event.arrives]
    damaged = [each for each in story if each is not leaves[-1]]
    with pytest.raises(AssertionError):
        check(damaged)
