"""Tells what the property is: rooms, types, tariff. Kept for a moment, because it is asked for with every page."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ledger.ids import property_stream, rates_stream
from ledger.refusal import Refusal
from projections.hotel import Hotel, hotel_of
from queries.joined import Joined
from queries.streams import Streams

__all__ = ["Hotel", "HotelQuery", "Unopened"]

KEEP_SECONDS = 2.0
NEVER = float("-inf")


class Unopened(Refusal):
    """The property has no definition or no tariff yet."""

    code = "property.unopened"


class HotelQuery:
    """The definition and tariff of one property."""

    def __init__(self, property_code: str, streams: Streams) -> None:
        self._property_code = property_code
        self._streams = streams
        self._hotel: Hotel | None = None
        self._read_at = NEVER
        self._joined = Joined(self._read)

    async def current(self) -> Hotel:
        """Give what is in force, at most KEEP_SECONDS old: the same object as long as nothing changes. Raises Unopened."""
        hotel = self._hotel if time.monotonic() - self._read_at <= KEEP_SECONDS else await self._joined.ask(None)
        if hotel is None:
            message = "This property is not open yet: run `nightledger seed FILE` with its definition first."
            raise Unopened(message)
        return hotel

    async def _read(self, asked: Sequence[None]) -> list[Hotel | None]:
        """Read once for all who ask at this moment."""
        began = time.monotonic()
        read = await self._streams.read([property_stream(self._property_code), rates_stream(self._property_code)])
        if self._hotel is None or len(read) != self._hotel.version:
            self._hotel = hotel_of(recorded.event for recorded in read)
        self._read_at = began if self._hotel else NEVER
        return [self._hotel] * len(asked)
