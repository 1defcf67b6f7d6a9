"""Cancel a confirmed reservation by its policy, or give held rooms back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.reservation import Reservation
from commands.giving_back import close_payments, give_back, paid_of
from commands.nights import cancel_nights, release_nights, streams_of
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream
from ledger.money import Money

CancellationReason = Literal["change_of_plans", "illness", "travel_disruption", "found_alternative", "duplicate", "other"]


class CancelReservation(Command):
    """Cancel for a coded reason. `expected_fee_minor` is the fee that was shown; another fee by now is refused."""

    reservation_id: UUID
    reason: CancellationReason = "other"
    expected_fee_minor: int | None = None
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    reservation_id = envelope.asks(CancelReservation).reservation_id
    yield property_stream(envelope.property_code)
    yield reservation_id
    reservation = known.get(Reservation, reservation_id)
    yield from reservation.payments
    yield from streams_of(envelope.property_code, reservation)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Cancel or give back. Raises Reservation.Unknown, ChangedSince, NotConfirmed, Payment.InFlight, Begun, FeeChanged."""
    reservation = known.get(Reservation, envelope.asks(CancelReservation).reservation_id)
    reservation.must_exist()
    reservation.must_be_at(envelope.asks(CancelReservation).expected_version)
    known.require(reservation.payments)
    return _abandon(envelope, known, reservation) if reservation.state == "held" else _cancel(envelope, known, reservation, now)


def _abandon(envelope: Envelope, known: Known, reservation: Reservation) -> Decision:
    command = envelope.asks(CancelReservation)
    zero = Money(0, reservation.total.currency)
    changes = [Change(command.reservation_id, reservation.abandon(command.reason))]
    changes += release_nights(envelope.property_code, reservation, known, "abandoned")
    changes += [
        Change(payment_id, event)
        for payment_id in reservation.payments
        for event in known.get(Payment, payment_id).void("the guest gave the rooms back")
    ]
    return Decision(changes=changes, answer=_answer(command.reservation_id, "abandoned", zero, zero))


def _cancel(envelope: Envelope, known: Known, reservation: Reservation, now: datetime) -> Decision:
    command = envelope.asks(CancelReservation)
    reservation.must_be_confirmed()
    paid = paid_of(known, reservation.payments, reservation.total.currency)
    today = local_date(now, known.get(Property, property_stream(envelope.property_code)).opened().time_zone)
    cancelled = reservation.cancel(command.reason, now, today, paid, command.expected_fee_minor)
    changes = [Change(command.reservation_id, cancelled)]
    changes += cancel_nights(envelope.property_code, reservation.live.values(), known)
    changes += give_back(known, reservation.payments, cancelled.refund, envelope.command_id, "cancelled")
    changes += close_payments(known, reservation.payments, "cancelled")
    return Decision(changes=changes, answer=_answer(command.reservation_id, "cancelled", cancelled.fee, cancelled.refund))


def _answer(reservation_id: UUID, state: str, fee: Money, refund: Money) -> dict[str, object]:
    return {
        "reservation_id": str(reservation_id),
        "state": state,
        "fee": {"amount_minor": fee.amount_minor, "currency": fee.currency},
        "refund": {"amount_minor": refund.amount_minor, "currency": refund.currency},
    }


HANDLER = Handler(reads, decide)
