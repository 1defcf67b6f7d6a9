"""Two ways to record an observation that must be shown broken. They live here only; the product has no such switch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from aggregates.payment import LIVE, Payment
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.record_payment_observation import HANDLER, RecordPaymentObservation
from ledger.command import Change, Decision, Envelope, Handler, Known
from ledger.ids import room_night_stream
from ledger.money import Money
from tests.memory_log import MemoryLog
from tests.reception import CATALOGUE
from tests.spec import Folds


class Yesterday(Folds):
    """A state of the past that passes for known."""

    def require(self, streams: Iterable[UUID]) -> None:
        """Take everything for read."""


def stale_read(log: MemoryLog) -> Handler:
    """Decide on what was there when somebody looked, and write it whatever happened since: no expected version anywhere."""

    def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
        command = envelope.asks(RecordPaymentObservation)
        seen_at = [row.position for row in log.rows if row.stream == command.payment_id][command.version - 1]
        past = [Change(row.stream, CATALOGUE.decode(row.topic, row.payload)) for row in log.rows[:seen_at]]
        return HANDLER.decide(envelope, Yesterday(past), now)

    return Handler(HANDLER.reads, decide)


def succeeded_means_paid(_: MemoryLog) -> Handler:
    """Book the rooms when the money was taken, without looking whether they are still there."""

    def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
        command = envelope.asks(RecordPaymentObservation)
        payment = known.get(Payment, command.payment_id)
        reservation = known.get(Reservation, payment.reservation)
        if command.seen.status != "succeeded" or reservation.state != "held" or payment.state not in LIVE:
            return HANDLER.decide(envelope, known, now)
        return Decision(changes=_paid(envelope.property_code, command, payment, reservation))

    return Handler(HANDLER.reads, decide)


def _paid(code: str, command: RecordPaymentObservation, payment: Payment, reservation: Reservation) -> list[Change]:
    amount = Money(command.seen.amount_minor, command.seen.currency)
    captured: dict[str, Any] = {"reservation_id": payment.reservation, "amount": amount, "intent_id": "pi", "charge_id": "ch"}
    nights = [
        Change(
            room_night_stream(code, stay.room, night),
            RoomNight.BookingConfirmed(room=stay.room, stay_date=night, stay_id=stay.stay_id),
        )
        for stay in reservation.stays
        for night in stay.dates
    ]
    return [
        Change(command.payment_id, Payment.Captured(**captured)),
        Change(payment.reservation, Reservation.Confirmed(guarantee="card", payment_id=command.payment_id)),
        *nights,
    ]
