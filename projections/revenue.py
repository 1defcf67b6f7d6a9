"""Revenue on the books in Redis: room-nights and money by stay date, room type, rate plan, channel and booking date.

Only confirmed stays count. Room revenue is the room lines net of taxes, service charge and board; total is what guests pay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from aggregates.property import Property
from aggregates.reservation import Reservation
from projections.redis_model import RedisModel, Write

if TYPE_CHECKING:
    from ledger.event import Recorded
    from ledger.price import StayPrice

NAME = "revenue"
ROOM_KINDS = frozenset({"room", "extra_adult", "extra_child"})
LOOKS_AT = frozenset({"reservation", "property"})
Cells = list[list[Any]]
"""[stay date, "room_type|rate_plan|channel|booked_on", room-nights, room revenue and total in minor units] a night."""
Changes = dict[str, dict[str, list[int]]]
"""Stay date → field → what is added to room-nights, room revenue and total."""


class Revenue:
    """Keeps the revenue cells of one property."""

    def __init__(self, model: RedisModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions when the generation stands at `before`; tell whether it did."""
        stays = await self._known_stays(generation, before, batch)
        if stays is None:
            return False
        told: dict[str, Cells | None] = {}
        changes: Changes = {}
        writes: list[Write] = []
        for recorded in batch:
            subject = str(recorded.stream)
            match recorded.event:
                case Reservation.Held() as held:
                    told[subject] = stays[subject] = _cells(held)
                case Reservation.Confirmed():
                    _add(changes, stays[subject], 1)
                case Reservation.Cancelled():
                    _add(changes, stays[subject], -1)
                    told[subject] = None
                case Reservation.Expired() | Reservation.Abandoned():
                    told[subject] = None
                case Property.Opened(definition=definition) | Property.Redefined(definition=definition):
                    house = json.dumps({"rooms": len(definition.rooms)})
                    writes.append(("SET", self.model.key(generation, "house"), house))
        key = self._stays(generation)
        writes += [
            ("HDEL", key, subject) if cells is None else ("HSET", key, subject, json.dumps(cells))
            for subject, cells in told.items()
        ]
        writes += await self._absolute(generation, changes)
        return await self.model.apply(generation, before, after, writes)

    async def _known_stays(self, generation: int, before: int, batch: Sequence[Recorded]) -> dict[str, Cells] | None:
        """Read what the batch's confirmed and cancelled reservations consist of, as far as the batch does not tell.

        Nothing when the generation has moved on: what another follower ended is not there any more.
        """
        moved, held = (
            {str(recorded.stream) for recorded in batch if isinstance(recorded.event, kinds)}
            for kinds in ((Reservation.Confirmed, Reservation.Cancelled), Reservation.Held)
        )
        subjects = sorted(moved - held)
        if not subjects:
            return {}
        pipeline = self.model.redis.pipeline(transaction=True)
        pipeline.get(self.model.key(generation, "position"))
        pipeline.hmget(self._stays(generation), subjects)
        position, found = await pipeline.execute()
        if int(position or 0) != before:
            return None
        return {subject: json.loads(raw) for subject, raw in zip(subjects, found, strict=True) if raw}

    async def _absolute(self, generation: int, changes: Changes) -> list[Write]:
        """Turn changes of cells into their new absolute values; the position check makes the values read here current."""
        if not changes:
            return []
        pipeline = self.model.redis.pipeline(transaction=False)
        for night, fields in changes.items():
            pipeline.hmget(self.model.key(generation, "night", night), list(fields))
        writes: list[Write] = []
        for (night, fields), found in zip(changes.items(), await pipeline.execute(), strict=True):
            key = self.model.key(generation, "night", night)
            for (field, change), raw in zip(fields.items(), found, strict=True):
                before = json.loads(raw) if raw else (0, 0, 0)
                after = [amount + moved for amount, moved in zip(before, change, strict=True)]
                writes.append(("HSET", key, field, json.dumps(after)) if any(after) else ("HDEL", key, field))
        return writes

    def _stays(self, generation: int) -> str:
        return self.model.key(generation, "stays")


def _cells(held: Reservation.Held) -> Cells:
    """List the cells of all nights of a reservation."""
    cells: Cells = []
    for stay in held.stays:
        field = f"{stay.room_type}|{stay.rate_plan}|{held.channel}|{held.booked_on.isoformat()}"
        cells += [[night, field, 1, room, whole] for night, room, whole in _nights(stay.price)]
    return cells


def _nights(price: StayPrice) -> Iterable[tuple[str, int, int]]:
    """Give (night, room revenue, share of the total) of each night, in order, in minor units: one currency a price."""
    rooms: dict[date, int] = {}
    every: dict[date, int] = {}
    for line in price.lines:
        every[line.stay_date] = every.get(line.stay_date, 0) + line.amount.amount_minor
        if line.kind in ROOM_KINDS:
            rooms[line.stay_date] = rooms.get(line.stay_date, 0) + line.amount.amount_minor
    nights = sorted(every)
    weights = [every[night] for night in nights]
    wholes = price.total.allocate(weights if any(weights) else [1] * len(weights))
    for night, whole in zip(nights, wholes, strict=True):
        yield night.isoformat(), rooms.get(night, 0), whole.amount_minor


def _add(changes: Changes, cells: Cells, sign: int) -> None:
    for night, field, *amounts in cells:
        change = changes.setdefault(night, {}).setdefault(field, [0, 0, 0])
        for place, amount in enumerate(amounts):
            change[place] += sign * amount
