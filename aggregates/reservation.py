"""Reservation: a booking of one or more stays, each with its own dates, room, party, price and state (`ledger/stay.py`).

held → confirmed → checked in → checked out; held → expired or abandoned; confirmed → cancelled; confirmed ↔ no-show. A hold
copies price, taxes and policy into the stay, so that what the guest was shown can be told for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, TypeAlias
from uuid import UUID

from aggregates import stay_events
from ledger.event import Event
from ledger.keys import Sealed
from ledger.money import NOTHING, Money, at_least_nothing, total
from ledger.price import cancellation_fee
from ledger.refusal import Refusal
from ledger.stay import BEFORE_ARRIVAL, SOLD, BookedStay, LiveStay, all_in, as_held, state_of

VENDORS = ("stripe", "sendgrid")
"""Who else knows a guest by name or address, and is asked to forget them."""


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

    StayChanged: TypeAlias = stay_events.StayChanged
    StayMoved: TypeAlias = stay_events.StayMoved
    StayPinned: TypeAlias = stay_events.StayPinned
    StayUnpinned: TypeAlias = stay_events.StayUnpinned
    StayCheckedIn: TypeAlias = stay_events.StayCheckedIn
    StayCheckedOut: TypeAlias = stay_events.StayCheckedOut
    StayNoShow: TypeAlias = stay_events.StayNoShow
    StayReinstated: TypeAlias = stay_events.StayReinstated
    StayCancelled: TypeAlias = stay_events.StayCancelled
    Noted: TypeAlias = stay_events.Noted
    GuestsNamed: TypeAlias = stay_events.GuestsNamed

    class MergedGuest(Event, frozen=True):
        """The guest's profile and that of another reservation are the same person's."""

        topic: ClassVar[str] = "reservation.merged-guest.v1"
        guest_id: UUID
        into: UUID

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

    class StayUnknown(Refusal):
        code = "reservation.stay_unknown"
        field = "stay_id"

    class ChangedSince(Refusal):
        code = "reservation.changed_since"
        field = "expected_version"

    class FeeChanged(Refusal):
        code = "reservation.fee_changed"
        field = "expected_fee_minor"

    def __init__(self) -> None:
        self.state = "none"
        self.live: dict[UUID, LiveStay] = {}
        self.happened: tuple[str, ...] = ()
        self.kept_fee = self.pay_now = NOTHING
        self.held_until: datetime | None = None
        self.payments: tuple[UUID, ...] = ()
        self.guest_id: UUID | None = None
        self.person: UUID | None = None
        """The guest id under which all bookings of the same person are found; their own until they are merged."""
        self.vendors_left: tuple[str, ...] | None = None
        """Who is still to be asked to forget the guest; None while nobody asked for that."""

    @property
    def stays(self) -> tuple[BookedStay, ...]:
        """All stays as they are booked now, those given up too, in order of booking."""
        return tuple(stay.booked for stay in self.live.values())

    @property
    def total(self) -> Money:
        """What the stays cost that were not given up."""
        return total((stay.booked.price.total for stay in self.live.values() if stay.state in SOLD), self.kept_fee.currency)

    @property
    def owed(self) -> Money:
        """What the guest has to pay in all: stays, what came on top, and the fees kept for those given up."""
        return total((stay.owed for stay in self.live.values()), self.kept_fee.currency) + self.kept_fee

    def stay(self, stay_id: UUID) -> LiveStay:
        """Give one stay as it is now. Raises Unknown, StayUnknown."""
        self.must_exist()
        if stay_id not in self.live:
            raise Reservation.StayUnknown("This reservation has no such stay: look at it for the ids of its stays.")
        return self.live[stay_id]

    def must_be_at(self, expected_version: int | None) -> None:
        """Raises ChangedSince, with what has happened since, when it was at another version when it was looked at."""
        version = len(self.happened)
        if expected_version is not None and expected_version != version:
            raise Reservation.ChangedSince(
                "Somebody else has changed this reservation since you looked at it: look again, then decide.",
                version=version,
                changed=list(self.happened[max(expected_version, 0) :]),
            )

    def must_exist(self) -> None:
        """Raises Unknown when nothing was ever held under this id."""
        if self.state == "none":
            raise Reservation.Unknown("There is no such reservation: check the id or the link.")

    def must_be_held(self) -> None:
        """Raises Unknown, NotHeld unless the reservation waits for its payment."""
        self.must_exist()
        if self.state != "held":
            raise Reservation.NotHeld(
                f"This reservation is {self.state.replace('_', ' ')}, not held: "
                + ("nothing is left to do." if self.state == "confirmed" else "search again and book anew."),
                state=self.state,
            )

    def must_be_confirmed(self) -> None:
        """Raises Unknown, NotConfirmed unless all that is left of it is booked and has not begun."""
        self.must_exist()
        if self.state != "confirmed":
            shown = self.state.replace("_", " ")
            step = "check the guests out, or shorten the stay" if self.state == "in_house" else "look it up for what came of it"
            raise Reservation.NotConfirmed(f"This reservation is {shown}, it cannot be cancelled: {step}.", state=self.state)

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
        """Say what cancelling all of it costs now and gives back: (fee, refund). Raises Unknown, NotConfirmed."""
        self.must_be_confirmed()
        return self.giving_up([stay for stay in self.live.values() if stay.state in BEFORE_ARRIVAL], now, paid)

    def giving_up(self, stays: Sequence[LiveStay], now: datetime, paid: Money) -> tuple[Money, Money]:
        """Say what giving up these stays costs now and gives back: (fee, refund).

        The fee is kept out of what was paid and is not kept already; back goes what is more than all that is owed then.
        """
        by_policy = total((cancellation_fee(stay.booked.price, now) for stay in stays), paid.currency)
        kept = total((stay.fee for stay in self.live.values()), paid.currency) + self.kept_fee
        fee = min(by_policy, at_least_nothing(paid - kept))
        owed = self.owed - total((stay.booked.price.total for stay in stays), paid.currency) + fee
        return fee, at_least_nothing(paid - owed)

    def cancel(
        self, reason: str, now: datetime, today: date, paid: Money, expected_fee_minor: int | None
    ) -> Reservation.Cancelled:
        """Cancel the booking by the policy of its stays. `today` is the property's date, `expected_fee_minor` what was shown.

        Raises Unknown, NotConfirmed, Begun, FeeChanged.
        """
        fee, refund = self.cancellation(now, paid)
        if any(stay.is_live and stay.booked.dates.arrival < today for stay in self.live.values()):
            raise Reservation.Begun("The stay has begun: ask the reception to end it.")
        if expected_fee_minor is not None and expected_fee_minor != fee.amount_minor:
            raise Reservation.FeeChanged("The cancellation fee has changed since it was shown: look at the new fee first.")
        return Reservation.Cancelled(reason=reason, fee=fee, refund=refund)

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        self.happened = (*self.happened, event.topic)
        match event:
            case Reservation.Held():
                self.live, self.held_until = {stay.stay_id: as_held(stay) for stay in event.stays}, event.held_until
                self.kept_fee = Money(0, event.total.currency)
                self.pay_now, self.guest_id, self.person = event.pay_now, event.guest.key_id, event.guest.key_id
            case Reservation.PaymentAsked():
                self.payments = (*self.payments, event.payment_id)
            case Reservation.Confirmed():
                self.live = all_in(self.live, "confirmed")
            case Reservation.Cancelled():
                self.live = all_in(self.live, "cancelled")
                self.kept_fee = event.fee
            case Reservation.Expired():
                self.live = all_in(self.live, "expired")
            case Reservation.Abandoned():
                self.live = all_in(self.live, "abandoned")
            case Reservation.GuestErased():
                self.vendors_left = VENDORS
            case Reservation.VendorForgot():
                self.vendors_left = event.left
            case Reservation.MergedGuest():
                self.person = event.into
            case _:
                self.live = stay_events.folded(self.live, event)
        self.state = state_of(self.live.values())
