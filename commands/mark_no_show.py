"""Mark, from the day after arrival on, that guests did not come: their nights are free again, and the policy's fee is owed.

The night audit reviews arrivals in the night after the arrival date, while its business date may still be that date.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.desk import ONE_DAY, Desk, desk_of, money, reads_of
from commands.nights import end_some
from ledger.clock import local_date
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.price import no_show_fee
from ledger.refusal import Refusal
from ledger.stay import LiveStay


class MarkNoShow(Command):
    """The guests of a stay did not come. Until the day of arrival is over at the hotel they still may: refused."""

    reservation_id: UUID
    stay_id: UUID
    expected_version: int | None = None

    class TooEarly(Refusal):
        code = "stay.not_due"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    return reads_of(envelope, known, envelope.asks(MarkNoShow).reservation_id)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Mark it or say why not. The fee is owed whether or not it was paid; what was paid above all that is owed goes back.

    Refusals in order: reservation, version, stay and its state, day, Payment.InFlight.
    """
    command = envelope.asks(MarkNoShow)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "confirmed")
    _must_be_late(desk, stay)
    fee = no_show_fee(stay.booked.price)
    refund, settled = desk.settle(desk.reservation.owed - stay.booked.price.total + fee, "no-show")
    absent = Reservation.StayNoShow(stay_id=stay.stay_id, fee=fee, refund=refund)
    return Decision(
        changes=[*desk.tell(absent), *end_some(desk.code, stay, stay.nights(), known, "no_show"), *settled],
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": "no_show",
            "fee": money(fee), "refund": money(refund),
        },
    )  # fmt: skip


def _must_be_late(desk: Desk, stay: LiveStay) -> None:
    """Raises MarkNoShow.TooEarly until the day of arrival is over, by the calendar or by the business date."""
    arrival = stay.booked.dates.arrival
    if max(desk.today, local_date(desk.now, desk.definition.time_zone)) <= arrival:
        first = arrival + ONE_DAY
        raise MarkNoShow.TooEarly(
            f"The guests may come until {arrival} is over at the hotel: mark it from {first} on, or cancel the stay now.",
            arrival=arrival.isoformat(),
            possible_from=first.isoformat(),
        )


HANDLER = Handler(reads, decide)
