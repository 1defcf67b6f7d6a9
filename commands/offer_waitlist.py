"""Offer freed rooms to those who wait, in the order in which they came. An offer is a hold like any other, with more time.

Who waits for dates that are past leaves the list. Who finds no room for all of their nights keeps their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import Field

from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.waitlist import Waitlist
from commands.confirmation_code import confirmation_code
from commands.foreseen import Foreseen, find_foreseen
from commands.group_block import each_night, opened, streams_of_types
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import named_in, property_stream, rates_stream, waitlist_stream
from ledger.price import StayPrice
from ledger.refusal import Refusal
from ledger.stay import BookedStay, sum_of_stays

CHANNEL = "waitlist"
MOST_OFFERS = 20
"""So many offers at a time: a large release is handed out in several commits, which others need not wait for."""


class OfferWaitlist(Command):
    """Hold freed rooms for the next who wait, for `offer_seconds`."""

    offer_seconds: int = Field(default=4 * 3600, ge=60, le=7 * 86_400)


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the tariff, the waitlist, the reservations to be, and the nights of what is waited for."""
    code = envelope.property_code
    yield property_stream(code)
    yield rates_stream(code)
    yield waitlist_stream(code)
    entries = known.get(Waitlist, waitlist_stream(code)).entries
    yield from entries
    hotel = known.get(Property, property_stream(code))
    yield from streams_of_types(code, hotel, {(entry.room_type, entry.dates) for entry in entries.values()})


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Offer what is free. It refuses nothing: with no room, or nobody who waits, nothing happens."""
    code = envelope.property_code
    today = local_date(now, opened(known, code).time_zone)
    foreseen = Foreseen(known)
    offered: list[UUID] = []
    for entry in known.get(Waitlist, waitlist_stream(code)).entries.values():
        if len(offered) == MOST_OFFERS:
            break
        if entry.dates.arrival < today:
            left = foreseen.get(Waitlist, waitlist_stream(code)).leave(entry.entry_id, "past")
            foreseen.happen([Change(waitlist_stream(code), left)])
        elif _offer(envelope, entry, foreseen, now, today):
            offered.append(entry.entry_id)
    waiting = len(foreseen.get(Waitlist, waitlist_stream(code)).entries)
    return Decision(
        changes=foreseen.changes,
        guards=(property_stream(code), rates_stream(code)),
        answer={"offered": offered, "waiting": waiting, "more": len(offered) == MOST_OFFERS},
    )


def _offer(envelope: Envelope, entry: Waitlist.Joined, foreseen: Foreseen, now: datetime, today: date) -> bool:
    """Hold a room for one who waits, when there is one; tell whether there was. Raises Unread."""
    code = envelope.property_code
    price = _price(entry, foreseen.get(Rates, rates_stream(code)))
    if price is None:
        return False
    rooms = find_foreseen(foreseen, code=code, room_type=entry.room_type, dates=entry.dates, wanted=1, now=now)
    if not rooms:
        return False
    held_until = now + timedelta(seconds=envelope.asks(OfferWaitlist).offer_seconds)
    stay = BookedStay(
        stay_id=named_in(entry.entry_id, "stay/1"), room_type=entry.room_type, room=rooms[0],
        rate_plan=entry.rate_plan, dates=entry.dates, adults=entry.adults, children=entry.children, price=price,
    )  # fmt: skip
    offer = foreseen.get(Waitlist, waitlist_stream(code)).offer(entry.entry_id, stay.room, held_until)
    foreseen.happen([Change(waitlist_stream(code), offer)])
    foreseen.happen([Change(entry.entry_id, _held(code, entry, stay, held_until, today))])
    for stream, door, night in each_night(code, stay.room, stay.dates):
        events = foreseen.get(RoomNight, stream).hold(
            room=door, stay_date=night, stay_id=stay.stay_id, reservation_id=entry.entry_id, held_until=held_until, now=now
        )  # fmt: skip
        foreseen.happen(Change(stream, event) for event in events)
    return True


def _price(entry: Waitlist.Joined, rates: Rates) -> StayPrice | None:
    """Price by the tariff of now; nothing when it sells this no more, and then the entry waits for another tariff."""
    try:
        rates.admit(room_type=entry.room_type, rate_plan=entry.rate_plan, dates=entry.dates)
        return rates.price(
            room_type=entry.room_type,
            rate_plan=entry.rate_plan,
            dates=entry.dates,
            adults=entry.adults,
            children=entry.children,
        )
    except Refusal:
        return None


def _held(code: str, entry: Waitlist.Joined, stay: BookedStay, held_until: datetime, today: date) -> Reservation.Held:
    whole, pay_now = sum_of_stays([stay], stay.price.total.currency)
    return Reservation.Held(
        confirmation_code=confirmation_code(code, entry.entry_id), stays=(stay,), total=whole, pay_now=pay_now,
        held_until=held_until, guest=entry.guest, language=entry.language, channel=CHANNEL, booked_on=today,
        fiscal=entry.fiscal,
    )  # fmt: skip


HANDLER = Handler(reads, decide)
