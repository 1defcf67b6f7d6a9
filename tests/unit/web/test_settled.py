"""What a guest's change or cancellation waits for: money that is just being taken, and for that only so long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from projections.reservation_document import PaymentRow, ReservationDocument
from projections.stays import stays_of
from queries.reservations import ReservationFound
from tests.examples import NOW, held_event, named, stay, usd
from web.pages.mine import Mine, settled

FOR_EVER = 60.0


def booking(*states: str) -> Mine:
    """Give a booking with a payment in each of these states."""
    held = held_event("ada", (stay("ada"),))
    document = ReservationDocument(held=held, state="confirmed", stays=stays_of(held, "confirmed"))
    document.payments = [
        PaymentRow(payment_id=named(f"{number}"), purpose="deposit", amount=usd(100), state=state, at=NOW)
        for number, state in enumerate(states)
    ]
    return Mine(cast("Any", None), cast("Any", None), ReservationFound(named("ada"), document, {}, 7), NOW)


def one_after_the_other(*seen: Mine) -> Callable[[], Awaitable[Mine]]:
    """Show these, one a look."""
    waiting = iter(seen)

    async def look() -> Mine:
        return next(waiting)

    return look


@pytest.mark.parametrize("state", ["requested", "open", "failed_try", "authorised", "captured", "refunding", "voided", "lost"])
def test_nothing_else_is_waited_for(state: str) -> None:
    now = booking(state)
    assert asyncio.run(settled(one_after_the_other(now), FOR_EVER)) is now


def test_it_is_looked_at_again_until_all_money_is_there() -> None:
    there = booking("captured", "captured")
    looks = one_after_the_other(booking("captured", "capturing"), booking("capturing", "captured"), there)
    assert asyncio.run(settled(looks, FOR_EVER)) is there


def test_patience_has_an_end() -> None:
    still = booking("capturing")

    async def look() -> Mine:
        return still

    assert asyncio.run(settled(look, 0.0)) is still
