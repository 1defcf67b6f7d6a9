"""Destroys fiscal keys that the law does not need: of holds that never were booked, and of bookings whose years are over.

Each log is looked through from where the last run ended, so an hourly run costs what the hour wrote. Safe to repeat, and in
several processes at once.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from aggregates.reservation import Reservation
from aggregates.waitlist import Waitlist
from ledger.clock import local_date
from ledger.event import Recorded
from ops.cancelling import heed_cancellation
from ops.catalogue import CATALOGUE
from ops.wiring import Wiring
from queries.pages import Pages
from sagas.forgetting import fiscal_end

logger = logging.getLogger(__name__)

PAGE_EVENTS = 5000
PAUSE_SECONDS = 3600.0


@dataclass(frozen=True)
class Purged:
    """What a run destroyed: fiscal keys of holds that were never booked, and fiscal keys whose date had come."""

    never_booked: int
    ended: int


async def purge(wiring: Wiring) -> Purged:
    """Look through what is new in every log, then destroy what is due."""
    now = wiring.clock.now()
    listed = await wiring.access.properties()
    never_booked = sum([await _look_through(wiring, each.code) for each in listed])
    days = [local_date(now, each.time_zone) for each in listed]
    ended = await asyncio.to_thread(wiring.keys.destroy_due_fiscal, min(days), now) if days else 0
    await asyncio.to_thread(wiring.keys.file.scrub)
    return Purged(never_booked, ended)


async def purge_always(wiring: Wiring) -> None:
    """Purge once an hour until cancelled."""
    while True:
        heed_cancellation()
        try:
            await purge(wiring)
        except Exception as failure:  # noqa: BLE001 - a server or the keys store may be away; it is tried again, and told
            logger.warning("fiscal keys could not be looked through: %s: %s", type(failure).__name__, failure)
        await asyncio.sleep(PAUSE_SECONDS)


async def _look_through(wiring: Wiring, property_code: str) -> int:
    name = f"log/{property_code}"
    pages = Pages(property_code, wiring.pool, CATALOGUE, {"reservation", "waitlist"})
    head = await pages.head()
    position = await asyncio.to_thread(wiring.keys.mark, name)
    if position > head:
        # The database was restored to an earlier moment: its log goes on from there.
        position = 0
    destroyed = 0
    while position < head:
        page = await pages.after(position, PAGE_EVENTS, head)
        destroyed += await _settle(wiring, property_code, page.events)
        position = page.upto
        await asyncio.to_thread(wiring.keys.set_mark, name, position)
    return destroyed


async def _settle(wiring: Wiring, property_code: str, events: Sequence[Recorded]) -> int:
    """Date the fiscal keys of bookings, and destroy keys that nobody may read any more; give how many fiscal ones."""
    booked = _streams(events, Reservation.Confirmed, Reservation.StayChanged)
    never_booked = _streams(events, Reservation.Expired, Reservation.Abandoned)
    forgotten = {each.stream for each in events if isinstance(each.event, Reservation.VendorForgot) and not each.event.left}
    touched = booked | never_booked | forgotten
    gone = [each.event.guest_id for each in events if isinstance(each.event, Waitlist.Left)]
    if not touched and not gone:
        return 0
    told = await wiring.streams(property_code).read(touched)
    held = {each.stream: each.event for each in told if isinstance(each.event, Reservation.Held)}
    stays = {stream: list(event.stays) for stream, event in held.items()}
    for each in told:
        if isinstance(each.event, Reservation.StayChanged):
            stays[each.stream].append(each.event.stay)
    now = wiring.clock.now()

    def settle() -> int:
        keys = wiring.keys
        years = wiring.settings.fiscal_years
        keys.date_fiscal((held[stream].guest.key_id, fiscal_end(stays[stream], years)) for stream in booked)
        for key_id in keys.alive(held[stream].guest.key_id for stream in forgotten):
            keys.erase(key_id, now)
        for key_id in keys.alive(gone):  # they left the waitlist without an offer, so nothing is to be kept
            keys.erase(key_id, now, fiscal=True)
        return keys.destroy_fiscal((held[stream].guest.key_id for stream in never_booked), now)

    try:
        return await asyncio.to_thread(settle)
    except sqlite3.Error as failure:
        message = f"the keys store cannot be written ({failure}): look at its disk"
        raise OSError(message) from failure


def _streams(events: Iterable[Recorded], *kinds: type) -> set[UUID]:
    return {each.stream for each in events if isinstance(each.event, kinds)}
