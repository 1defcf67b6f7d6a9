"""Tells what the property is: rooms, types, tariff. Kept for a moment, because it is asked for with every page."""

from __future__ import annotations

import time

from ledger.ids import property_stream, rates_stream
from ledger.refusal import Refusal
from projections.hotel import Hotel, hotel_of
from queries.streams import Streams

__all__ = ["Hotel", "HotelQuery", "Unopened"]

KEEP_SECONDS = 2.0


class Unopened(Refusal):
    """The property has no definition or no tariff yet."""

    code = "property.unopened"


class HotelQuery:
    """The definition and tariff of one property."""

    def __init__(self, property_code: str, streams: Streams) -> None:
        self._property_code = property_code
        self._streams = streams
        self._hotel: Hotel | None = None
        self._read_at = 0.0

    async def current(self) -> Hotel:
        """Give what is in force, at most KEEP_SECONDS old. Raises Unopened."""
        if self._hotel is None or time.monotonic() - self._read_at > KEEP_SECONDS:
            read = await self._streams.read([property_stream(self._property_code), rates_stream(self._property_code)])
            self._hotel = hotel_of(recorded.event for recorded in read)
            self._read_at = time.monotonic()
        if self._hotel is None:
            message = "This property is not open yet: run `nightledger seed FILE` with its definition first."
            raise Unopened(message)
        return self._hotel
