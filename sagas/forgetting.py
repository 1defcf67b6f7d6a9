"""Forgetting: once the ledger says that a guest is to be forgotten, the key is destroyed and each vendor is asked once.

Every step may be repeated: killed anywhere, the sweeper finds the reservation due again and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.dispatch import Dispatch
from commands.record_vendor_forgot import RecordVendorForgot
from ledger.event import Recorded
from ledger.ids import saga_command_id
from ledger.keys import GuestKeys
from ledger.stay import BookedStay
from queries.streams import Streams
from sagas.because import because_of
from sagas.gateways.sendgrid_mail import Ambiguous, NotTaken, SendGridMail
from sagas.gateways.stripe_checkout import Broken, StripeCheckout, Unsure

RULE = "forgetting"
NOTHING_KNOWN = "nothing known"
"""What is noted when a vendor never heard of the guest, or had been asked before somebody could note it."""


@dataclass
class Forgetting:
    """A guest as the reservation's events tell it. `left`: the vendors still to be asked; empty while nothing is to be done."""

    reservation_id: UUID
    held: Reservation.Held | None = None
    booked: bool = False
    stays: list[BookedStay] = field(default_factory=list)
    left: tuple[str, ...] = ()
    decided: Recorded | None = None


def follow(reservation_id: UUID, events: Iterable[Recorded], vendors: tuple[str, ...]) -> Forgetting:
    """Fold a reservation's events into what is left to do. Pure."""
    forgetting = Forgetting(reservation_id)
    for recorded in events:
        match recorded.event:
            case Reservation.Held() as held:
                forgetting.held, forgetting.stays = held, list(held.stays)
            case Reservation.StayChanged(stay=stay):
                forgetting.stays.append(stay)
            case Reservation.Confirmed():
                forgetting.booked = True
            case Reservation.GuestErased():
                forgetting.decided, forgetting.left = recorded, vendors
            case Reservation.VendorForgot(left=left):
                forgetting.left = left
    return forgetting


def fiscal_end(stays: Iterable[BookedStay], years: int) -> date:
    """Say until when the law wants a booking's invoice fields kept: so many years after the last departure.

    `stays` are all that were ever booked, also before a change: what was invoiced for longer is kept for longer.
    """
    departure = max(stay.dates.departure for stay in stays)
    leap_day = (departure.month, departure.day) == (2, 29)
    return date(departure.year + years, 3, 1) if leap_day else departure.replace(year=departure.year + years)


def destroy(keys: GuestKeys, forgetting: Forgetting, at: datetime, fiscal_years: int) -> None:
    """Destroy the profile key; of a hold that was never booked the fiscal key too. Blocking. Raises MasterKeyWrong.

    The e-mail address stays, wrapped, in the keys store until the vendors were asked.
    """
    held = forgetting.held
    if held is None or forgetting.decided is None:
        return
    if forgetting.booked and keys.fiscal_until(held.guest.key_id) is None:
        keys.date_fiscal([(held.guest.key_id, fiscal_end(forgetting.stays, fiscal_years))])
    key = keys.find(held.guest.key_id)
    if key is None or (key.profile is None and (forgetting.booked or key.fiscal is None)):
        return
    guest = key.open(held.guest, forgetting.reservation_id, 1, "guest")
    keys.erase(held.guest.key_id, at, address=guest["email"] if guest else "", fiscal=not forgetting.booked)


class ForgettingSaga:
    """Finishes erasures of one property."""

    def __init__(
        self, dispatch: Dispatch, streams: Streams, keys: GuestKeys, stripe: StripeCheckout, mail: SendGridMail,
        fiscal_years: int,
    ) -> None:  # fmt: skip
        self._dispatch = dispatch
        self._streams = streams
        self._keys = keys
        self._asking = {"stripe": self._ask_stripe, "sendgrid": self._ask_sendgrid}
        self._stripe = stripe
        self._mail = mail
        self._fiscal_years = fiscal_years

    async def advance(self, reservation_id: UUID, tries: int) -> int | None:
        """Destroy the key and ask the vendors; give the seconds after which to try again, or nothing when it is done."""
        events = await self._streams.read([reservation_id])
        forgetting = follow(reservation_id, events, tuple(self._asking))
        if not forgetting.left or forgetting.held is None:
            return None
        await asyncio.to_thread(destroy, self._keys, forgetting, self._dispatch.now, self._fiscal_years)
        try:
            for vendor in forgetting.left:
                await self._tell(forgetting, vendor, await self._asking[vendor](forgetting.held.guest.key_id, events))
        except (Unsure, Broken, NotTaken, Ambiguous):
            return int(min(4**tries, 3600))
        return None

    async def _ask_stripe(self, _: UUID, events: Iterable[Recorded]) -> str:
        """Delete the customers that Stripe made when the guest paid; give their ids. What was charged stays, by law."""
        payments = [each.event.payment_id for each in events if isinstance(each.event, Reservation.PaymentAsked)]
        made = [
            each.event.session_id for each in await self._streams.read(payments) if isinstance(each.event, Payment.VehicleMade)
        ]
        deleted = [await asyncio.to_thread(self._stripe.forget, session_id) for session_id in made]
        return " ".join(customer for customer in deleted if customer) or NOTHING_KNOWN

    async def _ask_sendgrid(self, guest_id: UUID, _: Iterable[Recorded]) -> str:
        """Have all that SendGrid knows of the address erased; give the id of its job."""
        address = await asyncio.to_thread(self._keys.address_of_leaving, guest_id)
        job = await asyncio.to_thread(self._mail.forget, address) if address else NOTHING_KNOWN
        await asyncio.to_thread(self._keys.let_go, guest_id)
        return job

    async def _tell(self, forgetting: Forgetting, vendor: str, reference: str) -> None:
        assert forgetting.decided is not None  # noqa: S101 - vendors are left only after the decision
        command = RecordVendorForgot(reservation_id=forgetting.reservation_id, vendor=vendor, reference=reference)
        command_id = saga_command_id(RULE, forgetting.reservation_id, f"{vendor}/{reference}")
        await self._dispatch(command, because_of(forgetting.decided, command_id, RULE))
