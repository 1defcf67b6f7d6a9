"""A confirmed stay at the Little Kandy and what may have happened to it, for the tests of every command about a stay."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.room_night import EndReason, MoveReason, RoomNight
from ledger.command import Change
from ledger.ids import room_night_stream
from ledger.money import Money
from ledger.stay import BookedStay
from tests.examples import ARRIVAL, CODE, NOW, OPENED, confirmed, deposit_of, held, named, nights_cancelled, paying, stay, usd

R = named("r")
STAY = stay("r")
ID = STAY.stay_id
HELD = [*OPENED, *held("r")]
BOOKED = [*HELD, *confirmed("r")]
ARRIVAL_DAY = NOW + timedelta(days=9)
"""At the hotel it is half past one in the afternoon of the day of arrival, half an hour before the check-in time."""


def day(number: int) -> date:
    """Give the date `number` days after arrival."""
    return ARRIVAL + timedelta(days=number)


def on_day(number: int, minutes: int = 0) -> datetime:
    """Give half past one in the afternoon, and some minutes, `number` days after arrival."""
    return ARRIVAL_DAY + timedelta(days=number, minutes=minutes)


def other(name: str, room: str, nights: int = 2, arrival: date = ARRIVAL) -> list[Change]:
    """Tell that somebody else has booked a room."""
    booked = stay(name, room, nights, arrival=arrival)
    return [*held(name, booked), *confirmed(name, booked)]


def told(event: Any, name: str = "r") -> Change:
    return Change(named(name), event)


def checked_in(of: BookedStay = STAY, name: str = "r", room: str = "") -> Change:
    return told(Reservation.StayCheckedIn(stay_id=of.stay_id, room=room or of.room, early=False, fee=usd(0)), name)


def pinned(of: BookedStay = STAY, name: str = "r") -> Change:
    return told(Reservation.StayPinned(stay_id=of.stay_id, reason="promised"), name)


def checked_out() -> list[Change]:
    return [checked_in(), told(Reservation.StayCheckedOut(stay_id=ID, departed_on=day(2), late=False, fee=usd(0)))]


def cancelled() -> list[Change]:
    return [
        told(Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))),
        *nights_cancelled((STAY,)),
    ]  # fmt: skip


def paid(amount: Money, *stays: BookedStay) -> list[Change]:
    """Tell that the deposit was paid, and the booking confirmed."""
    deposit = deposit_of("r")
    fields: dict[str, Any] = {"reservation_id": R, "intent_id": "pi", "charge_id": "ch", "amount": amount, "purpose": "deposit"}
    captured = Change(deposit, Payment.Captured(**fields))
    return [*OPENED, *held("r", *stays), *paying("r", amount=amount), captured, *confirmed("r", *stays)]


def reassigned(
    of: BookedStay, name: str, from_room: str, to_room: str, reason: MoveReason, *nights: date
) -> tuple[list[Change], list[Change]]:
    """Tell that nights of a stay went to another room: (leaves, arrivals)."""

    def side(room: str, another: str, *, arrives: bool) -> list[Change]:
        return [
            Change(
                room_night_stream(CODE, room, night),
                RoomNight.Reassigned(
                    room=room, stay_date=night, stay_id=of.stay_id, reservation_id=named(name), other_room=another,
                    arrives=arrives, held_until=None, reason=reason,
                ),
            )
            for night in nights
        ]  # fmt: skip

    return side(from_room, to_room, arrives=False), side(to_room, from_room, arrives=True)


def released(reason: EndReason, *nights: date, room: str = "g1") -> list[Change]:
    return [
        Change(
            room_night_stream(CODE, room, night),
            RoomNight.Released(room=room, stay_date=night, stay_id=ID, reason=reason),
        )
        for night in nights
    ]  # fmt: skip


def moved(of: BookedStay, name: str, from_room: str, to_room: str, first_night: date, reason: Any) -> Change:
    event = Reservation.StayMoved(
        stay_id=of.stay_id, from_room=from_room, to_room=to_room, first_night=first_night, reason=reason
    )
    return told(event, name)
