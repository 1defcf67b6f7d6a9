"""Cancel one stay of a confirmed reservation by its policy; the others stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.cancel_reservation import CancellationReason
from commands.desk import desk_of, money, reads_of
from commands.nights import cancel_nights
from ledger.command import Command, Decision, Envelope, Handler, Known


class CancelStay(Command):
    """Cancel for a coded reason. `expected_fee_minor` is the fee that was shown; another fee by now is refused."""

    reservation_id: UUID
    stay_id: UUID
    reason: CancellationReason = "other"
    expected_fee_minor: int | None = None
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    return reads_of(envelope, known, envelope.asks(CancelStay).reservation_id)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Cancel it or say why not. Refusals in order: reservation, version, stay and its state, begun, Payment.InFlight, fee."""
    command = envelope.asks(CancelStay)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "confirmed")
    if stay.booked.dates.arrival < desk.today:
        raise Reservation.Begun("The stay should have begun: mark it as no-show, or check the guests in and out.")
    fee, _ = desk.reservation.giving_up([stay], now, desk.paid())
    if command.expected_fee_minor not in {None, fee.amount_minor}:
        raise Reservation.FeeChanged("The cancellation fee has changed since it was shown: look at the new fee first.")
    refund, settled = desk.settle(desk.reservation.owed - stay.booked.price.total + fee, "cancelled")
    cancelled = Reservation.StayCancelled(stay_id=stay.stay_id, reason=command.reason, fee=fee, refund=refund)
    return Decision(
        changes=[*desk.tell(cancelled), *cancel_nights(desk.code, [stay], known), *settled],
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": "cancelled",
            "fee": money(fee), "refund": money(refund),
        },
    )  # fmt: skip


HANDLER = Handler(reads, decide)
