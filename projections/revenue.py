"""Revenue on the books in Redis: room-nights and money by stay date, room type, rate plan, channel and booking date.

Only confirmed stays count. Room revenue is the room lines net of taxes, service charge and board; total is what guests pay.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from aggregates.property import Property
from aggregates.reservation import Reservation
from ledger.price import nightly_totals
from projections.redis_model import RedisModel, Write

if TYPE_CHECKING:
    from ledger.event import Recorded
    from ledger.price import StayPrice

NAME = "revenue"
ROOM_KINDS = frozenset({"room", "extra_adult", "extra_child"})
Cell = tuple[str, str]
"""(stay date, "room_type|rate_plan|channel|booked_on")."""
Amounts = tuple[int, int, int]
"""(room-nights, room revenue in minor units, total in minor units)."""


class Revenue:
    """Keeps the revenue cells of one property."""

    def __init__(self, model: RedisModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, generation: int, before: int, batch: Sequence[Recorded]) -> bool:
        """Apply a batch of whole commands when the generation stands at `before`; tell whether it did."""
        stays = await self._known_stays(generation, batch)
        changes: Counter[tuple[Cell, int]] = Counter()
        writes: list[Write] = []
        for recorded in batch:
            subject = str(recorded.stream)
            match recorded.event:
                case Reservation.Held() as held:
                    stays[subject] = _cells(held)
                    writes.append(("HSET", self._stays(generation), subject, json.dumps(stays[subject])))
                case Reservation.Confirmed():
                    _add(changes, stays[subject], 1)
                case Reservation.Cancelled():
                    _add(changes, stays[subject], -1)
                    writes.append(("HDEL", self._stays(generation), subject))
                case Reservation.Expired() | Reservation.Abandoned():
                    writes.append(("HDEL", self._stays(generation), subject))
                case Property.Opened(definition=definition) | Property.Redefined(definition=definition):
                    house = json.dumps({"rooms": len(definition.rooms)})
                    writes.append(("SET", self.model.key(generation, "house"), house))
                case _:
                    continue
        writes += await self._absolute(generation, changes)
        return await self.model.apply(generation, before, batch[-1].position, writes)

    async def _known_stays(self, generation: int, batch: Sequence[Recorded]) -> dict[str, list[list[Any]]]:
        """Read what the batch's confirmed and cancelled reservations consist of."""
        subjects = sorted(
            {
                str(recorded.stream)
                for recorded in batch
                if isinstance(recorded.event, Reservation.Confirmed | Reservation.Cancelled)
            }
        )
        if not subjects:
            return {}
        found = await cast("Awaitable[list[bytes | None]]", self.model.redis.hmget(self._stays(generation), subjects))
        return {subject: json.loads(raw) for subject, raw in zip(subjects, found, strict=True) if raw}

    async def _absolute(self, generation: int, changes: Counter[tuple[Cell, int]]) -> list[Write]:
        """Turn changes of cells into their new absolute values; the position check makes the values read here current."""
        cells = sorted({cell for cell, _ in changes})
        pipeline = self.model.redis.pipeline(transaction=False)
        for night, field in cells:
            pipeline.hget(self.model.key(generation, "night", night), field)
        writes: list[Write] = []
        for cell, raw in zip(cells, await pipeline.execute() if cells else [], strict=True):
            before = json.loads(raw) if raw else [0, 0, 0]
            after = [amount + changes[cell, place] for place, amount in enumerate(before)]
            key = self.model.key(generation, "night", cell[0])
            writes.append(("HSET", key, cell[1], json.dumps(after)) if any(after) else ("HDEL", key, cell[1]))
        return writes

    def _stays(self, generation: int) -> str:
        return self.model.key(generation, "stays")


def _cells(held: Reservation.Held) -> list[list[Any]]:
    """List [stay date, field, room-nights, room revenue, total] of all nights of a reservation."""
    cells: list[list[Any]] = []
    for stay in held.stays:
        field = f"{stay.room_type}|{stay.rate_plan}|{held.channel}|{held.booked_on.isoformat()}"
        cells += [[night, field, 1, room, whole] for night, room, whole in _nights(stay.price)]
    return cells


def _nights(price: StayPrice) -> Iterable[tuple[str, int, int]]:
    rooms = dict(nightly_totals([line for line in price.lines if line.kind in ROOM_KINDS]))
    every = nightly_totals(price.lines)
    weights = [amount.amount_minor for _, amount in every]
    wholes = price.total.allocate(weights if any(weights) else [1] * len(weights))
    for (night, _), whole in zip(every, wholes, strict=True):
        yield night.isoformat(), rooms[night].amount_minor, whole.amount_minor


def _add(changes: Counter[tuple[Cell, int]], cells: list[list[Any]], sign: int) -> None:
    for night, field, *amounts in cells:
        for place, amount in enumerate(amounts):
            changes[(night, field), place] += sign * amount
