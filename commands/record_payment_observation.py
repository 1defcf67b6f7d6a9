"""Record what was seen at the payment provider, and decide in the same commit what follows for booking and rooms.

This is the table of the paying saga. The booking is confirmed only here, only when the money is reserved in the right
amount and every room-night is still ours; otherwise the money goes back and no room is lost by anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.giving_back import left_to_pay
from commands.nights import confirm_nights, lost_nights, release_nights, streams_of
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.event import Event
from ledger.ids import made_by
from ledger.money import Money

Status = Literal["open", "requires_action", "processing", "requires_capture", "succeeded", "canceled", "expired"]


class Seen(BaseModel):
    """The provider's side of a payment. `expired`: its page is closed and no money can be reserved on it any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    amount_minor: int = 0
    currency: str = ""
    intent_id: str = ""
    charge_id: str = ""
    failure_code: str = ""
    capture_before: datetime | None = None


class RecordPaymentObservation(Command):
    """What was seen after the payment stood at `version`; a payment that has moved since must be looked at again."""

    payment_id: UUID
    version: int
    seen: Seen


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the payment, its reservation, and that one's payments and room-nights."""
    command = envelope.asks(RecordPaymentObservation)
    yield command.payment_id
    reservation_id = known.get(Payment, command.payment_id).reservation_id
    if reservation_id is not None:
        yield reservation_id
        reservation = known.get(Reservation, reservation_id)
        yield from reservation.payments
        yield from streams_of(envelope.property_code, reservation)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Follow the table. Raises Payment.Unknown, Payment.MovedOn."""
    command = envelope.asks(RecordPaymentObservation)
    payment = known.get(Payment, command.payment_id)
    reservation_id = payment.reservation
    if known.version(command.payment_id) != command.version:
        raise Payment.MovedOn("The payment has moved on since the provider was asked: look again.")
    case = _Case(envelope, known, command, payment, reservation_id)
    match payment.state:
        case "requested" | "open":
            changes = case.while_open()
        case "capturing":
            changes = case.while_capturing()
        case "voiding" | "closed":
            changes = case.while_voiding()
        case _:
            changes = []
    return Decision(changes=changes, answer={"moved": bool(changes)})


class _Case:
    """One observation of one payment, with what is known about its reservation."""

    def __init__(
        self, envelope: Envelope, known: Known, command: RecordPaymentObservation, payment: Payment, reservation_id: UUID
    ) -> None:
        self.code = envelope.property_code
        self.command_id = envelope.command_id
        self.known = known
        self.payment_id = command.payment_id
        self.seen = command.seen
        self.payment = payment
        self.reservation_id = reservation_id
        self.reservation = known.get(Reservation, reservation_id)

    def while_open(self) -> list[Change]:  # noqa: PLR0911 - the table, one return a cell
        """Say what follows while the guest may pay: for rooms that are held, or for what is left to pay of booked ones."""
        match self.seen.status:
            case "requires_capture":
                if self._is_wanted():
                    asked = Payment.CaptureAsked(reservation_id=self.reservation_id)
                    return [self._pay(self._authorised()), self._pay(asked), *self._confirm()]
                return [self._pay(self._authorised()), *self._void("too late or wrong amount"), *self._expire()]
            case "succeeded":
                if self._is_wanted():
                    return [self._pay(self._captured()), *self._confirm()]
                return [self._pay(self._captured()), *self._refund("too late or wrong amount"), *self._expire()]
            case "canceled" | "expired":
                return [self._pay(event) for event in self.payment.close(self.seen.status)]
            case "open" if self.seen.failure_code:
                return [self._pay(event) for event in self.payment.note_failed_try(self.seen.failure_code)]
            case _:
                return []

    def while_capturing(self) -> list[Change]:
        """Say what follows after the booking was confirmed on reserved money."""
        match self.seen.status:
            case "succeeded":
                return [self._pay(self._captured())]
            case "canceled" | "expired":
                return [self._pay(Payment.Lost(reservation_id=self.reservation_id, reason=self.seen.status))]
            case _:
                return []

    def while_voiding(self) -> list[Change]:
        """Say what follows after it was decided that no money may be taken."""
        match self.seen.status:
            case "succeeded":
                return [self._pay(self._captured()), *self._refund("paid after the hold ended")]
            case "canceled" | "expired":
                return [self._pay(event) for event in self.payment.close(self.seen.status)]
            case "requires_capture" if self.payment.state == "closed":
                return self._void("reserved after closing")
            case _:
                return []

    def _is_wanted(self) -> bool:
        """Tell whether there is something to pay with it: rooms still held, or so much left to pay of a booking."""
        due = self.payment.amount
        if (self.seen.amount_minor, self.seen.currency) != (due.amount_minor, due.currency):
            return False
        if self.payment.purpose == "deposit":
            return self.reservation.state == "held" and not lost_nights(self.code, self.reservation, self.known)
        return self.reservation.state != "held" and due <= left_to_pay(self.known, self.reservation)

    def _confirm(self) -> list[Change]:
        if self.payment.purpose != "deposit":
            return []
        confirmed = self.reservation.confirm("card", self.payment_id)
        return [Change(self.reservation_id, confirmed), *confirm_nights(self.code, self.reservation, self.known)]

    def _expire(self) -> list[Change]:
        if self.reservation.state != "held" or self.payment.purpose != "deposit":
            return []
        lost = lost_nights(self.code, self.reservation, self.known)
        expired = Reservation.Expired(lost_nights=lost)
        return [Change(self.reservation_id, expired), *release_nights(self.code, self.reservation, self.known, "voided")]

    def _void(self, reason: str) -> list[Change]:
        return [self._pay(Payment.VoidAsked(reservation_id=self.reservation_id, reason=reason))]

    def _refund(self, reason: str) -> list[Change]:
        refund = Payment.RefundAsked(
            reservation_id=self.reservation_id,
            refund_id=made_by(self.command_id, "refund"),
            amount=self._amount(),
            reason=reason,
        )
        return [self._pay(refund)]

    def _authorised(self) -> Payment.Authorised:
        return Payment.Authorised(
            reservation_id=self.reservation_id,
            intent_id=self.seen.intent_id,
            amount=self._amount(),
            capture_before=self.seen.capture_before,
        )

    def _captured(self) -> Payment.Captured:
        return Payment.Captured(
            reservation_id=self.reservation_id,
            intent_id=self.seen.intent_id,
            charge_id=self.seen.charge_id,
            amount=self._amount(),
            purpose=self.payment.purpose,
        )

    def _amount(self) -> Money:
        return Money(self.seen.amount_minor, self.seen.currency)

    def _pay(self, event: Event) -> Change:
        return Change(self.payment_id, event)


HANDLER = Handler(reads, decide)
