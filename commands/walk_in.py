"""Book and check in somebody who stands at the reception: hold, confirmation and check-in in one commit, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.stay_events import StayCheckedIn
from commands import hold_stay
from commands.hold_stay import HoldStay
from ledger.clock import local_date
from ledger.command import Change, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream
from ledger.money import Money
from ledger.refusal import Refusal
from ledger.stay import BookedStay

GUARANTEE = "walk_in"


class WalkIn(HoldStay):
    """Book as HoldStay does, from today on, and check in at once. What is not paid at the desk stays owed."""

    class NotToday(Refusal):
        code = "walk_in.not_today"
        field = "arrival"


class WalkInToday(WalkIn):
    """The same from somebody who did not say today's date: no part of the content, so after midnight it is the same request."""

    arrival: date = Field(exclude=True)


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name what a hold reads."""
    return hold_stay.reads(envelope, known)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Book and check in. Raises WalkIn.NotToday, and whatever a hold is refused for."""
    today = local_date(now, known.get(Property, property_stream(envelope.property_code)).opened().time_zone)
    decision = hold_stay.decide(envelope, known, now)
    reservation_id = made_by(envelope.command_id, "reservation")
    arrivals = [_arrival(stay, today) for stay in _stays(decision.changes)]
    return Decision(
        changes=[
            *decision.changes,
            Change(reservation_id, Reservation.Confirmed(guarantee=GUARANTEE)),
            *_booked(decision.changes),
            *(Change(reservation_id, arrival) for arrival in arrivals),
        ],
        guards=decision.guards,
        answer={**decision.answer, "state": "in_house"},
    )


def _stays(changes: Iterable[Change]) -> Iterator[BookedStay]:
    for change in changes:
        if isinstance(change.event, Reservation.Held):
            yield from change.event.stays


def _arrival(stay: BookedStay, today: date) -> StayCheckedIn:
    if stay.dates.arrival != today:
        raise WalkIn.NotToday(
            f"Who walks in arrives today, {today}, not on {stay.dates.arrival}: hold the stay instead, for later dates."
        )
    nothing = Money(0, stay.price.total.currency)
    return StayCheckedIn(stay_id=stay.stay_id, room=stay.room, early=False, fee=nothing)


def _booked(changes: Iterable[Change]) -> Iterator[Change]:
    """Book every room-night that was just held."""
    for change in changes:
        if isinstance(held := change.event, RoomNight.HoldRequested):
            booked = RoomNight.BookingConfirmed(
                room=held.room, stay_date=held.stay_date, stay_id=held.stay_id, slot=held.slot
            )  # fmt: skip
            yield Change(change.stream, booked)


HANDLER = Handler(reads, decide)
