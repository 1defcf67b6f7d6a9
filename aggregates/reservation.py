"""Reservation: a booking of one or more stays. Each stay has its own dates, room, party and price; states follow in step.

held → confirmed → cancelled; held → expired or abandoned. A hold copies price, taxes and policy into the stay, so that
what the guest was shown can be told for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from ledger.event import Event
from ledger.keys import Sealed
from ledger.money import NOTHING, Money, total
from ledger.price import StayPrice, cancellation_fee
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

State = Literal["none", "held", "confirmed", "cancelled", "expired", "abandoned"]
VENDORS = ("stripe", "sendgrid")
"""Who else knows a guest by name or address, and is asked to forget them."""


class BookedStay(Struct, frozen=True, kw_only=True, gc=False):
    """One stay of a reservation: who sleeps where, when, and for how much."""

    stay_id: UUID
    room_type: str
    room: str
    rate_plan: str
    dates: StayDates
    adults: int
    children: int
    price: StayPrice


class Reservation:
    """A booking."""

    class Held(Event, frozen=True):
        """Rooms are held for a guest until `held_until`. Both sealed fields are personal data.

        `guest`, under the profile key: name, e-mail, phone, country, requests. `fiscal`, under the fiscal key, for invoices
        that the law makes us keep: name and country. Events of an earlier release have no `fiscal`.
        """

        topic: ClassVar[str] = "reservation.held.v1"
        confirmation_code: str
        stays: tuple[BookedStay, ...]
        total: Money
        pay_now: Money
        held_until: datetime
        guest: Sealed
        language: str
        channel: str
        booked_on: date
        holders: tuple[UUID, ...] = ()
        fiscal: Sealed | None = None

    class PaymentAsked(Event, frozen=True):
        """A payment was started for the reservation; there is one live payment a purpose."""

        topic: ClassVar[str] = "reservation.payment-asked.v1"
        payment_id: UUID
        purpose: str
        amount: Money

    class Confirmed(Event, frozen=True):
        """The rooms are booked. `guarantee` says on what: card, or a member of staff's word."""

        topic: ClassVar[str] = "reservation.confirmed.v1"
        guarantee: str
        payment_id: UUID | None = None

    class Cancelled(Event, frozen=True):
        """The booking was cancelled for a coded reason; `fee` stays with the hotel, `refund` goes back."""

        topic: ClassVar[str] = "reservation.cancelled.v1"
        reason: str
        fee: Money
        refund: Money

    class Expired(Event, frozen=True):
        """The hold ended without a booking; `lost_nights` were taken by others after their time had passed."""

        topic: ClassVar[str] = "reservation.expired.v1"
        lost_nights: int

    class Abandoned(Event, frozen=True):
        """The guest gave the held rooms back."""

        topic: ClassVar[str] = "reservation.abandoned.v1"
        reason: str

    class GuestErased(Event, frozen=True):
        """The guest is to be forgotten: from now on the profile key `guest_id` is destroyed and vendors are asked to forget."""

        topic: ClassVar[str] = "reservation.guest-erased.v1"
        guest_id: UUID

    class VendorForgot(Event, frozen=True):
        """A vendor was asked to forget the guest. `reference` is the vendor's own for it, `left` who is still to be asked."""

        topic: ClassVar[str] = "reservation.vendor-forgot.v1"
        vendor: str
        reference: str
        left: tuple[str, ...]

    class Unknown(Refusal):
        code = "reservation.unknown"

    class NotHeld(Refusal):
        code = "reservation.not_held"

    class NotConfirmed(Refusal):
        code = "reservation.not_confirmed"

    class StillHeld(Refusal):
        code = "reservation.still_held"

    class Begun(Refusal):
        code = "reservation.begun"

    class StayLive(Refusal):
        code = "reservation.stay_live"

    class FeeChanged(Refusal):
        code = "reservation.fee_changed"
        field = "expected_fee_minor"

    def __init__(self) -> None:
        self.state: State = "none"
        self.stays: tuple[BookedStay, ...] = ()
        self.total = NOTHING
        self.pay_now = NOTHING
        self.held_until: datetime | None = None
        self.payments: tuple[UUID, ...] = ()
        self.guest_id: UUID | None = None
        self.vendors_left: tuple[str, ...] | None = None
        """Who is still to be asked to forget the guest; None while nobody asked for that."""

    def must_exist(self) -> None:
        """Raises Unknown when nothing was ever held under this id."""
        if self.state == "none":
            raise Reservation.Unknown("There is no such reservation: check the id or the link.")

    def must_be_held(self) -> None:
        """Raises Unknown, NotHeld unless the reservation waits for its payment."""
        self.must_exist()
        if self.state != "held":
            raise Reservation.NotHeld(
                f"This reservation is {self.state}, not held: "
                + ("nothing is left to do." if self.state == "confirmed" else "search again and book anew."),
                state=self.state,
            )

    def is_live_hold(self, now: datetime) -> bool:
        """Tell whether the reservation holds rooms that nobody else may take yet."""
        return self.state == "held" and self.held_until is not None and self.held_until > now

    def ask_payment(self, payment_id: UUID, now: datetime) -> Event:
        """Start the payment of what is due now. Raises Unknown, NotHeld."""
        self.must_be_held()
        if not self.is_live_hold(now):
            raise Reservation.NotHeld("The time to pay for this hold is over: search again and book anew.", state="expired")
        return Reservation.PaymentAsked(payment_id=payment_id, purpose="deposit", amount=self.pay_now)

    def confirm(self, guarantee: str, payment_id: UUID | None = None) -> Event:
        """Confirm the booking. Raises Unknown, NotHeld."""
        self.must_be_held()
        return Reservation.Confirmed(guarantee=guarantee, payment_id=payment_id)

    def expire(self, now: datetime, lost_nights: int) -> Event:
        """End a hold whose time is over, or which lost a night. Raises Unknown, NotHeld, StillHeld."""
        self.must_be_held()
        if self.is_live_hold(now) and not lost_nights:
            raise Reservation.StillHeld("The hold still has time to be paid.")
        return Reservation.Expired(lost_nights=lost_nights)

    def abandon(self, reason: str) -> Event:
        """Give held rooms back. Raises Unknown, NotHeld."""
        self.must_be_held()
        return Reservation.Abandoned(reason=reason)

    def cancellation(self, now: datetime, paid: Money) -> tuple[Money, Money]:
        """Say what cancelling now costs and gives back: (fee, refund). The fee is kept out of what was paid.

        Raises Unknown, NotConfirmed.
        """
        self.must_exist()
        if self.state != "confirmed":
            raise Reservation.NotConfirmed(f"This reservation is {self.state}: there is nothing to cancel.", state=self.state)
        fee = total((cancellation_fee(stay.price, now) for stay in self.stays), paid.currency)
        kept = min(fee, paid, key=lambda amount: amount.amount_minor)
        return kept, paid - kept

    def cancel(
        self, reason: str, now: datetime, today: date, paid: Money, expected_fee_minor: int | None
    ) -> Reservation.Cancelled:
        """Cancel the booking by the policy of its stays. `today` is the property's date, `expected_fee_minor` what was shown.

        Raises Unknown, NotConfirmed, Begun, FeeChanged.
        """
        fee, refund = self.cancellation(now, paid)
        if any(stay.dates.arrival < today for stay in self.stays):
            raise Reservation.Begun("The stay has begun: ask the reception to end it.")
        if expected_fee_minor is not None and expected_fee_minor != fee.amount_minor:
            raise Reservation.FeeChanged("The cancellation fee has changed since it was shown: look at the new fee first.")
        return Reservation.Cancelled(reason=reason, fee=fee, refund=refund)

    def erase_guest(self, today: date) -> list[Event]:
        """Have the guest forgotten; nothing when that was decided before. `today` is the property's date.

        Raises Unknown, StayLive while rooms are held or the stay is not over.
        """
        self.must_exist()
        if self.state == "held":
            raise Reservation.StayLive("Rooms are still held under this name: give them back first.", state=self.state)
        departure = max(stay.dates.departure for stay in self.stays)
        if self.state == "confirmed" and departure >= today:
            raise Reservation.StayLive(
                f"The stay is not over: cancel it first, or ask again after {departure}.",
                state=self.state,
                departure=departure.isoformat(),
            )
        if self.vendors_left is not None or self.guest_id is None:
            return []
        return [Reservation.GuestErased(guest_id=self.guest_id)]

    def vendor_forgot(self, vendor: str, reference: str) -> list[Event]:
        """Note that a vendor was asked to forget the guest; nothing when it was noted before. Raises Unknown."""
        self.must_exist()
        if self.vendors_left is None or vendor not in self.vendors_left:
            return []
        left = tuple(each for each in self.vendors_left if each != vendor)
        return [Reservation.VendorForgot(vendor=vendor, reference=reference, left=left)]

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Reservation.Held():
                self.state, self.stays, self.held_until = "held", event.stays, event.held_until
                self.total, self.pay_now, self.guest_id = event.total, event.pay_now, event.guest.key_id
            case Reservation.PaymentAsked():
                self.payments = (*self.payments, event.payment_id)
            case Reservation.Confirmed():
                self.state = "confirmed"
            case Reservation.Cancelled():
                self.state = "cancelled"
            case Reservation.Expired():
                self.state = "expired"
            case Reservation.Abandoned():
                self.state = "abandoned"
            case Reservation.GuestErased():
                self.vendors_left = VENDORS
            case Reservation.VendorForgot():
                self.vendors_left = event.left


def sum_of_stays(stays: Sequence[BookedStay], currency: str) -> tuple[Money, Money]:
    """Give (total, due now) of stays."""
    return (
        total((stay.price.total for stay in stays), currency),
        total((stay.price.pay_now for stay in stays), currency),
    )
