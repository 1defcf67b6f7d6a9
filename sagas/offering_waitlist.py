"""Rooms that become free are offered to those who wait for them, first come first.

What makes rooms free is an event of a reservation or a group; the list of what is due wakes this rule while anybody waits.
"""

from __future__ import annotations

from uuid import uuid4

from commands.dispatch import Dispatch
from commands.offer_waitlist import OfferWaitlist
from ledger.ids import waitlist_stream
from queries.streams import Streams
from sagas.because import because_of

RULE = "offering_waitlist"
OFFER_SECONDS = 4 * 3600
"""How long an offer stands before it goes to the next."""
LOOK_AGAIN_SECONDS = 600
"""While anybody waits the list is looked through so often even if nothing became free: days pass, tariffs change."""


async def advance(dispatch: Dispatch, streams: Streams, property_code: str) -> int | None:
    """Offer what is free, until nothing is; give the seconds after which to look again. Nobody waits: nothing."""
    while known := await streams.read([waitlist_stream(property_code)]):
        # Under an id that is never answered from memory: what is free now was not when it was asked last.
        outcome = await dispatch(OfferWaitlist(offer_seconds=OFFER_SECONDS), because_of(known[-1], uuid4(), RULE))
        if not outcome.answer["more"]:
            return LOOK_AGAIN_SECONDS
    return None
