"""The hotel of `hotel_machine` with everything that can happen to a stay after it was booked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from commands.cancel_stay import CancelStay
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.hold_stay import guest_stream
from commands.mark_no_show import MarkNoShow
from commands.move_stay import MoveStay
from commands.pin_room import PinRoom
from commands.reinstate_stay import ReinstateStay
from commands.swap_stays import SwapStays
from commands.unpin_room import UnpinRoom
from commands.walk_in import WalkIn
from ledger.command import Command
from tests.auditor import EITHER, Stay, today
from tests.examples import ARRIVAL, hold_stay
from tests.property.hotel_machine import MOST_HOLDS, HotelMachine
from tests.reception import envelope
from tests.stay_auditor import StayAuditor, Wanted, as_it_is

ANY_DOOR = ("g1", "g2", "g3", "g1", "g2", "g3", "v1", "x")
ANY_ROOM = (*ANY_DOOR, "g1+g2")
picks = st.integers(0, 10**6)


def is_booked(stay: Stay) -> bool:
    return stay.state in {"confirmed", "checked_in"}


class StaysMachine(HotelMachine):
    """Stays are changed, moved, swapped, promised, checked in and out, and given up."""

    auditor: StayAuditor

    def __init__(self) -> None:
        super().__init__()
        self.auditor = StayAuditor()

    @rule(
        target=HotelMachine.reservations,
        kind=st.sampled_from(["garden", "garden", "villa"]),
        plan=st.sampled_from(["flexible", "flexible", "saver"]),
        ahead=st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4]),
        nights=st.sampled_from([2, 2, 1, 3, 4]),
        rooms=st.sampled_from([1, 2, 2]),
    )
    def staff_book(self, kind: str, plan: str, ahead: int, nights: int, rooms: int) -> Any:
        """Hold and confirm, so that most reservations are booked."""
        name = f"staff {len(self.asked)}"
        offset = (today(self.now) - ARRIVAL).days + ahead
        made: Any = self.hold(
            kind=kind, plan=plan, adults=2, offset=offset, nights=nights, rooms=rooms, holder=name, suggested=[], pays=False
        )  # fmt: skip
        if isinstance(made, UUID):
            self.staff_confirm(reservation=made)
        return made

    @rule(
        kind=st.sampled_from(["garden", "garden", "villa"]),
        nights=st.sampled_from([2, 1, 3]),
        adults=st.sampled_from([2, 2, 4]),
        ahead=st.sampled_from([0, 0, 0, 1]),
    )
    def somebody_walks_in(self, kind: str, nights: int, adults: int, ahead: int) -> None:
        """Hold, booking and arrival at once."""
        arrival, name = today(self.now) + timedelta(days=ahead), f"walk in {len(self.asked)}"
        wish: Any = {"kind": kind, "plan": "flexible", "adults": adults, "arrival": arrival, "nights": nights, "rooms": 1}
        expected = self.auditor.on_hold(**wish, holder=name, most=MOST_HOLDS, now=self.now)
        expected = "walk_in.not_today" if ahead and expected in {"", f"{EITHER}sold_out"} else expected
        held = hold_stay(
            room_type=kind, adults=adults, arrival=arrival, departure=arrival + timedelta(days=nights)
        )  # fmt: skip
        command = WalkIn.model_validate(held.model_dump())
        position = len(self.log.rows)
        asked = envelope(command, at=self.now, command_id=self.new_id())
        if self.answers(self.ask(asked), expected):
            reservation = guest_stream(asked.command_id)
            stays = self.stays_held(reservation, kind, "flexible", adults)
            self.auditor.hold(str(reservation), stays, self.now, name)
            for stay in stays.values():
                stay.state = "checked_in"
            self.rooms_are_taken_over(position, set(stays))

    @rule(hours=st.sampled_from([24, 24, 24, 48, 13, 7]))
    def days_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda machine: machine.auditor.stays)
    @rule(
        pick=picks,
        arrival=st.sampled_from([0, 0, -1, 1, 2]),
        departure=st.sampled_from([0, 1, 1, -1, 2, -2]),
        kind=st.sampled_from(["", "", "", "garden", "villa"]),
        plan=st.sampled_from(["", "", "", "saver", "half-board"]),
        adults=st.sampled_from([0, 0, 0, 1, 3]),
    )
    def stay_is_changed(self, pick: int, arrival: int, departure: int, kind: str, plan: str, adults: int) -> None:
        stay_id, stay = self.stay_of(pick)
        is_now = as_it_is(stay)
        wanted = Wanted(
            kind or is_now.kind, plan or is_now.plan, adults or is_now.adults,
            is_now.arrival + timedelta(days=arrival), is_now.departure + timedelta(days=departure),
        )  # fmt: skip
        command = ChangeStay(
            reservation_id=UUID(stay.booking), stay_id=UUID(stay_id),
            arrival=wanted.arrival if arrival else None, departure=wanted.departure if departure else None,
            room_type=kind or None, rate_plan=plan or None, adults=adults or None,
        )  # fmt: skip
        position = len(self.log.rows)
        if self.answers(self.do(command), self.auditor.on_change(stay_id, wanted, self.now)):
            self.every_line_obeys_the_laws()
            self.auditor.change(stay_id, wanted, self.rooms_of(stay_id), self.now)
            self.auditor.give_back(self.refunds_after(position))
            self.rooms_are_taken_over(position, {stay_id})

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, room=st.sampled_from(ANY_ROOM), first=st.sampled_from([None, None, 0, 1, 2, -1]))
    def stay_is_moved(self, pick: int, room: str, first: int | None) -> None:
        stay_id, stay = self.stay_of(pick)
        night = None if first is None else stay.arrival + timedelta(days=first)
        expected = self.auditor.on_move(stay_id, room, night, self.now)
        begin = night or self.auditor.movable_from(stay, self.now)
        rooms = self.auditor.moved(stay_id, room, begin)
        command = MoveStay(reservation_id=UUID(stay.booking), stay_id=UUID(stay_id), room=room, first_night=night)
        self.rooms_change(command, expected, {stay_id: rooms})

    @precondition(lambda machine: len(machine.auditor.stays) > 1)
    @rule(pick=picks, other=picks, other_types=st.booleans())
    def stays_are_swapped(self, pick: int, other: int, *, other_types: bool) -> None:
        (stay_id, stay), (other_id, opposite) = self.stay_of(pick), self.stay_of(other)
        expected = self.auditor.on_swap(stay_id, other_id, self.now, other_types=other_types)
        rooms = {}
        if not expected:
            (room,), (other_room,) = self.auditor.rooms_ahead(stay, self.now), self.auditor.rooms_ahead(opposite, self.now)
            rooms = {
                stay_id: self.auditor.moved(stay_id, other_room, today(self.now)),
                other_id: self.auditor.moved(other_id, room, today(self.now)),
            }
        command = SwapStays(
            reservation_id=UUID(stay.booking), stay_id=UUID(stay_id),
            other_reservation_id=UUID(opposite.booking), other_stay_id=UUID(other_id), other_types=other_types,
        )  # fmt: skip
        self.rooms_change(command, expected, rooms)

    def rooms_change(self, command: Command, expected: str, rooms: dict[str, dict[date, str]]) -> bool:
        """Ask for rooms that are known beforehand, and compare."""
        position = len(self.log.rows)
        if not self.answers(self.do(command), expected):
            return False
        self.rooms_are_taken_over(position, set(rooms))
        assert {stay_id: self.auditor.stays[stay_id].rooms for stay_id in rooms} == rooms
        return True

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, promised=st.booleans())
    def room_is_promised(self, pick: int, *, promised: bool) -> None:
        stay_id, stay = self.stay_of(pick)
        ids = {"reservation_id": UUID(stay.booking), "stay_id": UUID(stay_id)}
        command = PinRoom.model_validate(ids) if promised else UnpinRoom.model_validate(ids)
        if self.answers(self.do(command), self.auditor.on_pin(stay_id)):
            stay.pinned = promised

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, room=st.sampled_from([None, None, None, *ANY_ROOM]))
    def guests_arrive(self, pick: int, room: str | None) -> None:
        """Those who are expected, mostly."""
        stay_id, stay = self.stay_of(pick, self.is_expected)
        expected = self.auditor.on_check_in(stay_id, room, self.now)
        rooms = self.auditor.moved(stay_id, room, self.auditor.first_slept(stay, self.now)) if room else stay.rooms
        command = CheckIn(reservation_id=UUID(stay.booking), stay_id=UUID(stay_id), room=room)
        if self.rooms_change(command, expected, {stay_id: dict(rooms)}):
            self.auditor.stays[stay_id].state = "checked_in"

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, fee=st.sampled_from([None, None, 0, 500]))
    def guests_leave(self, pick: int, fee: int | None) -> None:
        stay_id, stay = self.stay_of(pick, lambda each: each.state == "checked_in")
        command = CheckOut(reservation_id=UUID(stay.booking), stay_id=UUID(stay_id), fee_minor=fee)
        position = len(self.log.rows)
        if self.answers(self.do(command), self.auditor.on_check_out(stay_id, self.now)):
            self.auditor.check_out(stay_id, self.now)
            self.auditor.give_back(self.refunds_after(position))

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, cancels=st.booleans())
    def stay_is_given_up(self, pick: int, *, cancels: bool) -> None:
        """One stay is cancelled, or its guests do not come."""
        stay_id, _ = self.stay_of(pick) if cancels else self.stay_of(pick, self.is_expected)
        self.gives_up(stay_id, CancelStay if cancels else MarkNoShow)

    def gives_up(self, stay_id: str, kind: type[CancelStay | MarkNoShow]) -> None:
        cancels, stay = kind is CancelStay, self.auditor.stays[stay_id]
        expected = self.auditor.on_cancel_stay(stay_id, self.now) if cancels else self.auditor.on_no_show(stay_id, self.now)
        position = len(self.log.rows)
        command = kind(reservation_id=UUID(stay.booking), stay_id=UUID(stay_id))
        if self.answers(self.do(command), expected):
            self.auditor.give_up(stay_id, "cancelled" if cancels else "no_show")
            self.auditor.give_back(self.refunds_after(position))

    @precondition(lambda machine: any(stay.state == "no_show" for stay in machine.auditor.stays.values()))
    @rule(pick=picks, first=st.sampled_from([None, None, None, 0, 1, 2]), waives=st.booleans())
    def guests_come_after_all(self, pick: int, first: int | None, *, waives: bool) -> None:
        """Those who were absent and still have nights left, mostly."""
        stay_id, _ = self.stay_of(pick, lambda each: each.state == "no_show" and each.departure >= today(self.now))
        self.comes_back(stay_id, first, waives=waives)

    @precondition(lambda machine: any(map(machine.is_expected, machine.auditor.stays.values())))
    @rule(pick=picks, hours=st.sampled_from([12, 18, 24, 30]), first=st.sampled_from([None, None, 1]), waives=st.booleans())
    def guests_come_late(self, pick: int, hours: int, first: int | None, *, waives: bool) -> None:
        """Some are waited for, given up, and come after all."""
        expected = [stay_id for stay_id, stay in self.auditor.stays.items() if self.is_expected(stay)]
        stay_id = expected[pick % len(expected)]
        self.now += timedelta(hours=hours)
        self.gives_up(stay_id, MarkNoShow)
        self.comes_back(stay_id, first, waives=waives)

    def comes_back(self, stay_id: str, first: int | None, *, waives: bool) -> None:
        stay = self.auditor.stays[stay_id]
        night = None if first is None else stay.arrival + timedelta(days=first)
        command = ReinstateStay(
            reservation_id=UUID(stay.booking), stay_id=UUID(stay_id), first_night=night, waive_fee=waives
        )  # fmt: skip
        position = len(self.log.rows)
        if self.answers(self.do(command), self.auditor.on_reinstate(stay_id, night, self.now)):
            self.every_line_obeys_the_laws()
            self.auditor.reinstate(stay_id, self.rooms_of(stay_id), self.now)
            self.auditor.give_back(self.refunds_after(position))
            self.rooms_are_taken_over(position, {stay_id})

    @precondition(lambda machine: any(stay.state in {"checked_out", "no_show"} for stay in machine.auditor.stays.values()))
    @rule(pick=picks)
    def the_rest_is_cancelled(self, pick: int) -> None:
        """Some have left already or were absent, and the others of the same reservation do not come any more."""
        _, stay = self.stay_of(pick, lambda each: each.state in {"checked_out", "no_show"})
        self.guest_cancels(reservation=UUID(stay.booking))

    def is_expected(self, stay: Stay) -> bool:
        return stay.state == "confirmed" and stay.arrival <= today(self.now) <= stay.departure

    def stay_of(self, pick: int, wanted: Callable[[Stay], bool] = is_booked) -> tuple[str, Stay]:
        """Pick a stay: mostly one that is as wanted, now and then any."""
        book = self.auditor.stays
        fitting = [stay_id for stay_id, stay in book.items() if wanted(stay)] if pick % 8 else []
        chosen = fitting or list(book)
        stay_id = chosen[pick // 8 % len(chosen)]
        return stay_id, book[stay_id]
