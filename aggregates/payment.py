"""Payment: one intended movement of money, and what the provider was asked and seen to do about it.

A vendor call is an event before it is a call: `Requested`, `CaptureAsked`, `VoidAsked` and `RefundAsked` hold all that the
call needs. Whether a booking may rest on the money is decided in the command that records an observation.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from ledger.event import Event
from ledger.money import NOTHING, Money
from ledger.refusal import Refusal

State = Literal["none", "requested", "open", "capturing", "captured", "voiding", "closed", "refund_due", "refunded", "lost"]
LIVE: tuple[State, ...] = ("requested", "open")


class Vehicle(Struct, frozen=True, kw_only=True, gc=False):
    """What the hosted checkout page is asked for. `expires_at` is the provider's deadline, not the hold's.

    The addresses to come back to follow from the reservation; they are signed, so the log does not hold them.
    """

    description: str
    language: str
    expires_at: datetime


class Payment:
    """requested → open → capturing → captured; requested or open → voiding → closed; captured → refund_due → refunded.

    A part may go back, and later another: `refunded` says that nothing is under way, not that nothing is left.
    """

    class Requested(Event, frozen=True):
        """A checkout page for `amount` is to be made."""

        topic: ClassVar[str] = "payment.requested.v1"
        reservation_id: UUID
        purpose: str
        amount: Money
        vehicle: Vehicle

    class VehicleMade(Event, frozen=True):
        """The checkout page exists; the guest is sent to `url`."""

        topic: ClassVar[str] = "payment.vehicle-made.v1"
        reservation_id: UUID
        session_id: str
        url: str

    class Poked(Event, frozen=True):
        """Something suggests to look at the provider: its webhook (by id and type only) or the guest's return."""

        topic: ClassVar[str] = "payment.poked.v1"
        reservation_id: UUID
        source: str
        vendor_event_id: str
        kind: str

    class StepFailed(Event, frozen=True):
        """A call to the provider failed and was seen to have done nothing; the next attempt has a new idempotency key."""

        topic: ClassVar[str] = "payment.step-failed.v1"
        reservation_id: UUID
        step: str
        attempt: int
        reason: str

    class TryFailed(Event, frozen=True):
        """The guest tried to pay and could not; another try is possible. `code` is the provider's word."""

        topic: ClassVar[str] = "payment.try-failed.v1"
        reservation_id: UUID
        code: str

    class Authorised(Event, frozen=True):
        """The money is reserved on the card until `capture_before`."""

        topic: ClassVar[str] = "payment.authorised.v1"
        reservation_id: UUID
        intent_id: str
        amount: Money
        capture_before: datetime | None = None

    class CaptureAsked(Event, frozen=True):
        """The booking is confirmed, so the money is to be captured."""

        topic: ClassVar[str] = "payment.capture-asked.v1"
        reservation_id: UUID

    class Captured(Event, frozen=True):
        """The money is ours."""

        topic: ClassVar[str] = "payment.captured.v1"
        reservation_id: UUID
        intent_id: str
        charge_id: str
        amount: Money
        purpose: str = "deposit"

    class VoidAsked(Event, frozen=True):
        """There is nothing to pay for any more: no money may be taken through this payment."""

        topic: ClassVar[str] = "payment.void-asked.v1"
        reservation_id: UUID
        reason: str

    class Closed(Event, frozen=True):
        """The provider confirms that nothing was and nothing can be taken."""

        topic: ClassVar[str] = "payment.closed.v1"
        reservation_id: UUID
        how: str

    class RefundAsked(Event, frozen=True):
        """`amount` of captured money is to go back, under our own `refund_id`."""

        topic: ClassVar[str] = "payment.refund-asked.v1"
        reservation_id: UUID
        refund_id: UUID
        amount: Money
        reason: str

    class Refunded(Event, frozen=True):
        """The provider has given the money back."""

        topic: ClassVar[str] = "payment.refunded.v1"
        reservation_id: UUID
        refund_id: UUID
        vendor_refund_id: str
        amount: Money
        pending: int = 0

    class RefundFailed(Event, frozen=True):
        """The provider could not give the money back: a person must."""

        topic: ClassVar[str] = "payment.refund-failed.v1"
        reservation_id: UUID
        refund_id: UUID
        reason: str
        pending: int = 0

    class Lost(Event, frozen=True):
        """The reserved money went away before it was captured: the booking stands unpaid until a person acts."""

        topic: ClassVar[str] = "payment.lost.v1"
        reservation_id: UUID
        reason: str

    class Unknown(Refusal):
        code = "payment.unknown"

    class MovedOn(Refusal):
        code = "payment.moved_on"

    class InFlight(Refusal):
        code = "payment.in_flight"

    class NothingDue(Refusal):
        code = "payment.nothing_due"

    class TooMuch(Refusal):
        code = "payment.too_much"
        field = "amount_minor"

    def __init__(self) -> None:
        self.state: State = "none"
        self.reservation_id: UUID | None = None
        self.purpose = ""
        self.amount = NOTHING
        self.vehicle: Vehicle | None = None
        self.session_id: str | None = None
        self.url: str | None = None
        self.intent_id: str | None = None
        self.captured = NOTHING
        self.refunds: tuple[tuple[UUID, Money], ...] = ()
        """Those under way, in the order in which they were asked for."""
        self.given_back = 0
        """Minor units of all refunds that were asked for; one that failed counts too, since a person gives it back."""
        self.last_failure: str | None = None
        self.failed_steps: tuple[tuple[str, int], ...] = ()

    @property
    def reservation(self) -> UUID:
        """Give the reservation that is paid. Raises Unknown."""
        if self.reservation_id is None:
            raise Payment.Unknown("There is no such payment.")
        return self.reservation_id

    @property
    def refund_id(self) -> UUID | None:
        """Name the refund that is done next."""
        return self.refunds[0][0] if self.refunds else None

    def request(self, reservation_id: UUID, purpose: str, amount: Money, vehicle: Vehicle) -> Event:
        """Ask for a checkout page."""
        return Payment.Requested(reservation_id=reservation_id, purpose=purpose, amount=amount, vehicle=vehicle)

    def note_vehicle(self, session_id: str, url: str) -> list[Event]:
        """Take over the checkout page that was made; nothing when it is known. Raises Unknown."""
        made = Payment.VehicleMade(reservation_id=self.reservation, session_id=session_id, url=url)
        return [] if self.session_id else [made]

    def poke(self, source: str, vendor_event_id: str, kind: str) -> list[Event]:
        """Note a reason to look at the provider; nothing when the payment is over. Raises Unknown."""
        poked = Payment.Poked(reservation_id=self.reservation, source=source, vendor_event_id=vendor_event_id, kind=kind)
        return [] if self.state in {"captured", "closed", "refunded", "lost"} else [poked]

    def note_failed_step(self, step: str, attempt: int, reason: str) -> list[Event]:
        """Note that an attempt of a step did nothing; nothing when that is known. Raises Unknown."""
        failed = Payment.StepFailed(reservation_id=self.reservation, step=step, attempt=attempt, reason=reason)
        return [] if (step, attempt) in self.failed_steps else [failed]

    def note_failed_try(self, code: str) -> list[Event]:
        """Note that the guest could not pay; nothing when the same is known."""
        return [] if code == self.last_failure else [Payment.TryFailed(reservation_id=self.reservation, code=code)]

    def void(self, reason: str) -> list[Event]:
        """Make sure that no money is taken; nothing when none can be any more."""
        may_take = self.state in {"requested", "open", "capturing"}
        return [Payment.VoidAsked(reservation_id=self.reservation, reason=reason)] if may_take else []

    def close(self, how: str) -> list[Event]:
        """Note that nothing was taken and nothing can be."""
        return [] if self.state == "closed" else [Payment.Closed(reservation_id=self.reservation, how=how)]

    def ask_refund(self, refund_id: UUID, amount: Money, reason: str) -> list[Event]:
        """Ask for money back, at most what is left of what was captured; nothing when that is nothing."""
        left = Money(self.captured.amount_minor - self.given_back, self.amount.currency)
        given = min(amount, left, key=lambda money: money.amount_minor)
        if given.amount_minor <= 0:
            return []
        return [Payment.RefundAsked(reservation_id=self.reservation, refund_id=refund_id, amount=given, reason=reason)]

    def settle_refund(self, refund_id: UUID, status: str, vendor_refund_id: str, reason: str) -> list[Event]:
        """Take over what the provider says about a refund: succeeded, failed or canceled; anything else means wait.

        Nothing when that refund is not under way.
        """
        amount = dict(self.refunds).get(refund_id)
        if amount is None:
            return []
        of, vendor_id, pending = self.reservation, vendor_refund_id, len(self.refunds) - 1
        done = Payment.Refunded(
            reservation_id=of, refund_id=refund_id, vendor_refund_id=vendor_id, amount=amount, pending=pending
        )
        failed = Payment.RefundFailed(reservation_id=of, refund_id=refund_id, reason=reason or status, pending=pending)
        settled: dict[str, Event] = {"succeeded": done, "failed": failed, "canceled": failed}
        return [settled[status]] if status in settled else []

    def paid(self) -> Money:
        """Give what is left of what the guest paid through this payment. Raises InFlight while it is being captured."""
        if self.state == "capturing":
            raise Payment.InFlight("The payment is just being completed: try again in a few seconds.")
        return Money(self.captured.amount_minor - self.given_back, self.amount.currency)

    def counted(self) -> Money:
        """Give what the guest need not pay again: as `paid`, and while it is being captured, all of it."""
        return self.amount if self.state == "capturing" else self.paid()

    def apply(self, event: Event) -> None:  # noqa: C901 - one line of assignment a kind of event
        """Take over what the event says; only assigns."""
        match event:
            case Payment.Requested():
                self.state, self.reservation_id, self.purpose = "requested", event.reservation_id, event.purpose
                self.amount, self.vehicle = event.amount, event.vehicle
            case Payment.VehicleMade():
                self.session_id, self.url = event.session_id, event.url
                self.state = "open" if self.state == "requested" else self.state
            case Payment.StepFailed():
                self.failed_steps = (*self.failed_steps, (event.step, event.attempt))
            case Payment.TryFailed():
                self.last_failure = event.code
            case Payment.Authorised():
                self.intent_id = event.intent_id
            case Payment.CaptureAsked():
                self.state = "capturing"
            case Payment.Captured():
                self.state, self.intent_id, self.captured = "captured", event.intent_id, event.amount
            case Payment.VoidAsked():
                self.state = "voiding"
            case Payment.Closed():
                self.state = "closed"
            case Payment.RefundAsked():
                self.state = "refund_due"
                self.refunds = (*self.refunds, (event.refund_id, event.amount))
                self.given_back += event.amount.amount_minor
            case Payment.Refunded() | Payment.RefundFailed():
                self.refunds = tuple(each for each in self.refunds if each[0] != event.refund_id)
                over: State = "refunded" if isinstance(event, Payment.Refunded) else "lost"
                self.state = "refund_due" if self.refunds else over
            case Payment.Lost():
                self.state = "lost"
