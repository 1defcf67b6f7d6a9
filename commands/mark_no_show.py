"""Mark that guests did not come: their nights are free again, and the policy's fee is owed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.desk import desk_of, money, reads_of
from commands.nights import end_some
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.price import no_show_fee
from ledger.refusal import Refusal


class MarkNoShow(Command):
    """The guests of a stay did not come on the day of arrival."""

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
    if stay.booked.dates.arrival > desk.today:
        raise MarkNoShow.TooEarly(
            f"The guests are expected on {stay.booked.dates.arrival}: cancel the stay instead, or wait for that day.",
            arrival=stay.booked.dates.arrival.isoformat(),
        )
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


HANDLER = Handler(reads, decide)
