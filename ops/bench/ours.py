"""Bookings through the product's own command path: the same dispatch, writer, keys and settings that the web uses.

Each command is validated from what a request body says. Which room to try first comes at random, as from a read model
without delay, or from the real read model.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from uuid import UUID, uuid4

from prometheus_client import REGISTRY

from commands.dispatch import Asked, Dispatch
from commands.hold_stay import HoldStay
from ledger.ids import http_command_id
from ledger.refusal import Repeated, code_of
from ledger.stay_dates import StayDates
from ops.bench.callers import Book, Booked, Load
from ops.bench.draws import Draw, Draws, guest_of
from ops.bench.hotel import RATE_PLAN, ROOM_TYPE, listed_as, room_code, scratch_hotel
from ops.bench.site import Site
from ops.seeding import define
from ops.settings import Settings
from ops.wiring import Wiring, wired
from queries.availability import AvailabilityQuery
from queries.hotel import HotelQuery

CONNECTIONS = 16
"""As many as a web process may have."""
TAKEN = frozenset({"sold_out", "room_night.taken"})


class DrawnRoom(AvailabilityQuery):
    """Suggests the room of the draw, as a read model without delay would: nothing is read."""

    def __init__(self) -> None:
        self.rooms: dict[date, deque[str]] = defaultdict(deque)

    async def suggest(self, room_type: str, dates: StayDates, rooms: int) -> tuple[str, ...]:
        """Give the room that was drawn for these dates."""
        drawn = self.rooms[dates.arrival]
        return tuple(drawn.popleft() for _ in range(min(rooms, len(drawn)))) if room_type == ROOM_TYPE else ()


@dataclass
class Ours(Load):
    """Books at the scratch property `code`; `suggested` by the draw, or by the read model in Redis.

    With a `pace` (bookings a second of one process) callers begin on time, and never all at once.
    """

    settings: Settings
    code: str
    suggested: str = "draw"
    pace: float | None = None

    @asynccontextmanager
    async def opened(self, draws: Draws, callers: int) -> AsyncIterator[Book]:  # noqa: ARG002 - all callers share one writer
        """Build the wiring of a web process."""
        async with wired(self.settings, connections=CONNECTIONS) as wiring:
            drawn = DrawnRoom()
            dispatch = wiring.dispatch(listed_as(self.code), self._adviser(wiring, drawn))
            coming = iter(draws)
            turns = _turns(self.pace or 1)

            async def book(_: int) -> Booked | None:
                if self.pace:
                    await asyncio.sleep(max(0.0, next(turns) - time.monotonic()))
                draw = next(coming)
                drawn.rooms[draw.arrival].append(room_code(draw.room))
                return await hold(dispatch, draw)

            yield book

    def _adviser(self, wiring: Wiring, drawn: DrawnRoom) -> AvailabilityQuery:
        if self.suggested == "draw":
            return drawn
        streams = wiring.streams(self.code)
        model = wiring.models(self.code).availability.model
        return AvailabilityQuery(self.code, model, HotelQuery(self.code, streams), streams)

    def counters(self) -> dict[str, float]:
        """Tell how many batches were decided twice, because the other process was first."""
        labels = {"property": self.code}
        return {
            "batches": REGISTRY.get_sample_value("nightledger_batch_commands_count", labels) or 0,
            "decided twice": REGISTRY.get_sample_value("nightledger_conflicts_total", labels) or 0,
        }


def _turns(pace: float) -> Iterator[float]:
    """Give the monotonic seconds at which bookings begin."""
    begin = time.monotonic()
    return (begin + number / pace for number in count())


async def hold(dispatch: Dispatch, draw: Draw) -> Booked | None:
    """Book one draw as the HTTP route does: validate, name the command, dispatch."""
    command = HoldStay.model_validate(
        {
            "room_type": ROOM_TYPE, "rate_plan": RATE_PLAN, "arrival": draw.arrival.isoformat(),
            "departure": draw.departure.isoformat(), "adults": 2, "guest": guest_of(draw.number),
        }
    )  # fmt: skip
    asked = Asked(command_id=http_command_id("bench", "holds", uuid4().hex), actor="key:bench", correlation_id=uuid4())
    try:
        outcome = await dispatch(command, asked)
    except Repeated as refusal:
        if code_of(refusal) in TAKEN:
            return None
        raise
    return UUID(outcome.answer["reservation_id"]), draw.number


async def open_hotel(site: Site, rooms: int, kinds: Sequence[str] = (ROOM_TYPE,)) -> str:
    """Open a new scratch property with `rooms` rooms of some types: its code."""
    code = site.new_code()
    async with wired(site.settings, connections=2) as wiring:
        await define(wiring, scratch_hotel(code, rooms, kinds), scratch=True)
    return code
