"""What every command about a stay begins with: the reservation as it is, the hotel, its date, and what was paid.

No rule about a single kind of change lives here; those are in the command's own file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from aggregates.property import Definition, Property
from aggregates.reservation import Reservation
from commands.giving_back import close_payments, give_back, paid_of
from commands.nights import streams_of
from ledger.clock import local_date
from ledger.command import Change, Envelope, Known
from ledger.event import Event
from ledger.ids import property_stream
from ledger.money import Money, at_least_nothing
from ledger.refusal import Refusal
from ledger.stay import LiveStay

ONE_DAY = timedelta(days=1)
GUEST = "guest"
"""Who acts for themselves, and not for the hotel."""

NEXT_STEP = {
    "held": "confirm or pay it first",
    "confirmed": "check the guests in first",
    "checked_in": "the guests are in house: check them out, move them or change the departure",
    "checked_out": "it is over: book anew",
    "cancelled": "it was given up: book anew",
    "no_show": "its room was given up; reinstate the stay when the guests have come after all",
    "expired": "the hold ended: search again and book anew",
    "abandoned": "the hold ended: search again and book anew",
}


class NotInState(Refusal):
    """The stay is in a state in which this cannot be done."""

    code = "stay.not_in_state"


class Over(Refusal):
    """The stay's last day is past."""

    code = "stay.over"


@dataclass(frozen=True)
class Desk:
    """A reservation on the desk. `today` is the property's date: for staff the business date, for guests the calendar's."""

    envelope: Envelope
    known: Known
    now: datetime
    reservation_id: UUID
    reservation: Reservation
    hotel: Property
    today: date

    @property
    def code(self) -> str:
        """The property's code."""
        return self.envelope.property_code

    @property
    def definition(self) -> Definition:
        """What is fixed about the hotel."""
        return self.hotel.opened()

    @property
    def is_guest(self) -> bool:
        """Whether the guests ask, and not the staff."""
        return self.envelope.actor == GUEST

    @property
    def nothing(self) -> Money:
        """No money, in the reservation's currency."""
        return Money(0, self.reservation.kept_fee.currency)

    def stay_in(self, stay_id: UUID, *states: str) -> LiveStay:
        """Give one stay. Raises Reservation.StayUnknown, NotInState."""
        stay = self.reservation.stay(stay_id)
        if stay.state not in states:
            shown = stay.state.replace("_", " ")
            raise NotInState(f"This stay is {shown}: {NEXT_STEP[stay.state]}.", state=stay.state, needed=list(states))
        return stay

    @property
    def tonight(self) -> date:
        """The night that guests who come now sleep in: until the check-out time it is still that of yesterday."""
        if self.is_guest or self.envelope.business_date is not None:
            return self.today
        is_morning = self.now < self.time_of(self.today, self.definition.check_out_time)
        return self.today - ONE_DAY if is_morning else self.today

    def must_not_be_over(self, stay: LiveStay) -> None:
        """Raises Over when nobody is in house and no night is left: who comes after midnight still has what is left of it."""
        last_day = self.tonight if stay.booked.slot == "night" else self.today
        if stay.state == "confirmed" and stay.booked.dates.departure <= last_day:
            raise Over(
                f"This stay ended on {stay.booked.dates.departure}: mark it as no-show, or book anew.",
                departure=stay.booked.dates.departure.isoformat(),
            )

    def time_of(self, day: date, clock_time: str) -> datetime:
        """Give the instant of a clock time (HH:MM) on a day at the hotel."""
        return datetime.combine(day, time.fromisoformat(clock_time), ZoneInfo(self.definition.time_zone))

    def paid(self) -> Money:
        """Give what the guest has paid and was not given back. Raises Payment.InFlight."""
        return paid_of(self.known, self.reservation.payments, self.nothing.currency)

    def settle(self, owed: Money, reason: str) -> tuple[Money, list[Change]]:
        """Give back what was paid above `owed`, and close payment pages that ask for another amount: (refund, changes).

        Raises Payment.InFlight.
        """
        refund = at_least_nothing(self.paid() - owed)
        payments, command_id = self.reservation.payments, self.envelope.command_id
        return refund, [
            *give_back(self.known, payments, refund, command_id, reason),
            *close_payments(self.known, payments, reason),
        ]

    def tell(self, *events: Event) -> list[Change]:
        """Put events on the reservation's stream."""
        return [Change(self.reservation_id, event) for event in events]


def reads_of(envelope: Envelope, known: Known, reservation_id: UUID) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    yield property_stream(envelope.property_code)
    yield reservation_id
    reservation = known.get(Reservation, reservation_id)
    yield from reservation.payments
    yield from streams_of(envelope.property_code, reservation)


def desk_of(envelope: Envelope, known: Known, now: datetime, reservation_id: UUID, expected_version: int | None = None) -> Desk:
    """Put a reservation on the desk. Raises Reservation.Unknown, ChangedSince."""
    reservation = known.get(Reservation, reservation_id)
    reservation.must_exist()
    reservation.must_be_at(expected_version)
    known.require(reservation.payments)
    hotel = known.get(Property, property_stream(envelope.property_code))
    return Desk(envelope, known, now, reservation_id, reservation, hotel, today_of(envelope, hotel, now))


def today_of(envelope: Envelope, hotel: Property, now: datetime) -> date:
    """Tell the date that counts: the business date for staff, the calendar's at the property for guests."""
    by_calendar = local_date(now, hotel.opened().time_zone)
    return by_calendar if envelope.actor == GUEST else envelope.business_date or by_calendar


def nights_between(first: date, end: date) -> list[date]:
    """List the nights from `first` up to, not including, `end`; none when that is not after it."""
    return [first + timedelta(days=day) for day in range(max(0, (end - first).days))]


def money(amount: Money) -> dict[str, object]:
    """Write an amount for an answer."""
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}
