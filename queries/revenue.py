"""Tells room-nights, revenue, ADR, RevPAR and occupancy of a period, grouped as asked. Confirmed stays only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from projections.redis_model import RedisModel

GroupBy = Literal["stay_date", "booked_date", "room_type", "channel", "rate_plan", "month"]
LONGEST_PERIOD_DAYS = 1100


@dataclass(frozen=True, kw_only=True)
class RevenueGroup:
    """One group: amounts in minor units. ADR = room revenue / room-nights; RevPAR = room revenue / rooms available.

    `occupancy_percent` and `revpar_minor` are of all rooms on the group's nights, so they are None for groups that are a
    part of the house (a room type, a channel, a rate plan, a booking date).
    """

    group: str
    room_nights: int
    room_revenue_minor: int
    total_revenue_minor: int
    adr_minor: int
    revpar_minor: int | None
    occupancy_percent: float | None


@dataclass(frozen=True, kw_only=True)
class RevenueFound:
    """The groups of a period, in order, with their sum, as of `position`."""

    position: int
    currency: str
    groups: list[RevenueGroup]
    whole: RevenueGroup


class RevenueQuery:
    """Revenue of one property."""

    def __init__(self, model: RedisModel, currency: str) -> None:
        self._model = model
        self._currency = currency

    async def on_the_books(self, first: date, last: date, group_by: GroupBy) -> RevenueFound:
        """Sum the stay dates from `first` to `last`, both included, by one dimension."""
        nights = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        generation = await self._model.live()
        pipeline = self._model.redis.pipeline(transaction=True)
        pipeline.get(self._model.key(generation, "position"))
        pipeline.get(self._model.key(generation, "house"))
        for night in nights:
            pipeline.hgetall(self._model.key(generation, "night", night.isoformat()))
        position, house, *cells = await pipeline.execute()
        rooms = int(json.loads(house)["rooms"]) if house else 0
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        dates: dict[str, set[date]] = defaultdict(set)
        for night, found in zip(nights, cells, strict=True):
            for group, amounts in _grouped(night, found, group_by):
                dates[group].add(night)
                sums[group] = [before + amount for before, amount in zip(sums[group], amounts, strict=True)]
        of_house = group_by in {"stay_date", "month"}
        groups = [
            _group(name, sums[name], _available(name, nights, rooms, group_by) if of_house else None) for name in sorted(sums)
        ]
        whole = [sum(column) for column in zip(*sums.values(), strict=True)] if sums else [0, 0, 0]
        return RevenueFound(
            position=int(position or 0), currency=self._currency, groups=groups, whole=_group("all", whole, rooms * len(nights))
        )


def _grouped(night: date, found: dict[bytes, bytes], group_by: GroupBy) -> Iterator[tuple[str, list[int]]]:
    for field, raw in found.items():
        room_type, rate_plan, channel, booked_on = field.decode().split("|")
        names = {
            "stay_date": night.isoformat(),
            "month": night.isoformat()[:7],
            "room_type": room_type,
            "rate_plan": rate_plan,
            "channel": channel,
            "booked_date": booked_on,
        }
        yield names[group_by], json.loads(raw)


def _available(name: str, nights: list[date], rooms: int, group_by: GroupBy) -> int:
    return rooms if group_by == "stay_date" else rooms * sum(night.isoformat().startswith(name) for night in nights)


def _group(name: str, amounts: list[int], available: int | None) -> RevenueGroup:
    room_nights, room_revenue, whole = amounts
    return RevenueGroup(
        group=name,
        room_nights=room_nights,
        room_revenue_minor=room_revenue,
        total_revenue_minor=whole,
        adr_minor=_rounded(room_revenue, room_nights),
        revpar_minor=None if available is None else _rounded(room_revenue, available),
        occupancy_percent=None if not available else round(100 * room_nights / available, 2),
    )


def _rounded(amount: int, count: int) -> int:
    """Divide, half up; nothing sold gives nothing."""
    return (2 * amount + count) // (2 * count) if count else 0
