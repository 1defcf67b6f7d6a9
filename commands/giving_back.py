"""Money of a reservation's payments: what is paid, the newest of it given back first, open payment links closed.

Used by every command that changes what a guest owes; how much goes back is decided there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from aggregates.payment import LIVE, Payment
from aggregates.reservation import Reservation
from ledger.command import Change, Known
from ledger.ids import made_by
from ledger.money import Money, total


def paid_of(known: Known, payments: Iterable[UUID], currency: str) -> Money:
    """Sum what the guest has paid and was not given back. Raises Payment.InFlight while money is being captured."""
    return total((known.get(Payment, each).paid() for each in payments), currency)


def counted_of(known: Known, payments: Iterable[UUID], currency: str) -> Money:
    """Sum what the guest need not pay again: what is paid, and what is just being captured."""
    return total((known.get(Payment, each).counted() for each in payments), currency)


def left_to_pay(known: Known, reservation: Reservation) -> Money:
    """Give what a reservation owes beyond what is paid or just being captured; below zero when too much was paid."""
    return reservation.owed - counted_of(known, reservation.payments, reservation.owed.currency)


def give_back(known: Known, payments: Sequence[UUID], amount: Money, command_id: UUID, reason: str) -> list[Change]:
    """Ask for `amount` back out of the payments, listed from the first to the last: the last one gives first.

    Never more than was captured and not yet given back; what is above that is not asked for. Raises Payment.InFlight.
    """
    changes: list[Change] = []
    left = amount.amount_minor
    for payment_id in reversed(payments):
        payment = known.get(Payment, payment_id)
        part = min(left, payment.paid().amount_minor)
        refund_id = made_by(command_id, f"refund/{payment_id}")
        asked = payment.ask_refund(refund_id, Money(part, amount.currency), reason)
        changes += [Change(payment_id, event) for event in asked]
        left -= part
    return changes


def close_payments(known: Known, payments: Iterable[UUID], reason: str) -> list[Change]:
    """Close the payment pages that are still open: there is nothing, or something else, to pay."""
    return [
        Change(payment_id, event)
        for payment_id in payments
        if (payment := known.get(Payment, payment_id)).state in LIVE
        for event in payment.void(reason)
    ]
