"""Request a checkout page: for what is due on a held reservation, or for what is left to pay of a booked one.

The ids are written down before anything is asked. There is one live payment a purpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field

from aggregates.payment import LIVE, Payment, Vehicle
from aggregates.reservation import Reservation
from commands.giving_back import left_to_pay
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import payment_id
from ledger.money import Money

Purpose = Literal["deposit", "balance", "extra"]
PAGE_MARGIN = timedelta(minutes=45)
"""Stripe's pages live 30 minutes at least, so a page outlives the hold; the saga closes it when the hold ends sooner."""
LINK_LIFE = timedelta(hours=23)
"""A page for a balance waits for the guest as long as Stripe lets one live, less a margin for two clocks."""


class RequestPayment(Command):
    """Open the payment of a reservation. `description` is what the guest reads there.

    `amount_minor`: a part of what is left to pay, all of it when not told; a deposit is always the whole.
    """

    reservation_id: UUID
    description: str
    language: str
    purpose: Purpose = "deposit"
    amount_minor: int | None = Field(default=None, ge=1)


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the reservation and its payments."""
    command = envelope.asks(RequestPayment)
    yield command.reservation_id
    payments = known.get(Reservation, command.reservation_id).payments
    yield from payments
    yield payment_id(command.reservation_id, command.purpose, len(payments) + 1)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Start a payment, or point to the one that is live.

    Raises Reservation.Unknown, NotHeld for a deposit, NotConfirmed, Payment.NothingDue, TooMuch for anything else.
    """
    command = envelope.asks(RequestPayment)
    reservation = known.get(Reservation, command.reservation_id)
    return (
        _deposit(command, known, reservation, now) if command.purpose == "deposit" else _more(command, known, reservation, now)
    )


def _deposit(command: RequestPayment, known: Known, reservation: Reservation, now: datetime) -> Decision:
    for earlier in reservation.payments:
        payment = known.get(Payment, earlier)
        if payment.state in LIVE and payment.purpose == "deposit":
            return Decision(answer={"payment_id": str(earlier)})
    new = payment_id(command.reservation_id, "deposit", len(reservation.payments) + 1)
    asked = reservation.ask_payment(new, now)
    expires_at = max(reservation.held_until or now, now) + PAGE_MARGIN
    requested = _request(command, known, new, reservation.pay_now, expires_at)
    return Decision(changes=(Change(command.reservation_id, asked), requested), answer={"payment_id": str(new)})


def _more(command: RequestPayment, known: Known, reservation: Reservation, now: datetime) -> Decision:
    """Take what is left to pay, or a part of it; an open page for another amount, or an old one, is closed for it."""
    amount = _amount(command, known, reservation)
    closing: list[Change] = []
    for earlier in reservation.payments:
        payment = known.get(Payment, earlier)
        if payment.state not in LIVE or payment.purpose != command.purpose:
            continue
        if payment.amount == amount and payment.vehicle is not None and payment.vehicle.expires_at > now:
            return Decision(answer=_answer(earlier, amount))
        closing += [Change(earlier, event) for event in payment.void("another page was asked for")]
    new = payment_id(command.reservation_id, command.purpose, len(reservation.payments) + 1)
    asked = Reservation.PaymentAsked(payment_id=new, purpose=command.purpose, amount=amount)
    requested = _request(command, known, new, amount, now + LINK_LIFE)
    return Decision(changes=[*closing, Change(command.reservation_id, asked), requested], answer=_answer(new, amount))


def _amount(command: RequestPayment, known: Known, reservation: Reservation) -> Money:
    reservation.must_exist()
    if reservation.state in {"held", "expired", "abandoned"}:
        raise Reservation.NotConfirmed(
            f"This reservation is {reservation.state}: "
            + ("pay what confirms it first." if reservation.state == "held" else "there is nothing to pay for."),
            state=reservation.state,
        )
    left = left_to_pay(known, reservation)
    if left.amount_minor <= 0:
        raise Payment.NothingDue("Nothing is left to pay for this reservation.")
    if command.amount_minor is not None and command.amount_minor > left.amount_minor:
        raise Payment.TooMuch(
            f"Only {left.amount_minor} minor units of {left.currency} are left to pay: ask for that or less.",
            balance_minor=left.amount_minor,
            currency=left.currency,
        )
    return Money(command.amount_minor or left.amount_minor, left.currency)


def _request(command: RequestPayment, known: Known, new: UUID, amount: Money, expires_at: datetime) -> Change:
    vehicle = Vehicle(description=command.description, language=command.language, expires_at=expires_at)
    return Change(new, known.get(Payment, new).request(command.reservation_id, command.purpose, amount, vehicle))


def _answer(payment: UUID, amount: Money) -> dict[str, object]:
    return {"payment_id": str(payment), "amount": {"amount_minor": amount.amount_minor, "currency": amount.currency}}


HANDLER = Handler(reads, decide)
