"""Revenue on the books in Redis: room-nights and money by stay date, room type, rate plan, channel and booking date.

Only stays that are booked or were slept in count; a fee for a stay that was given up is no room revenue. Room revenue is the
room lines net of taxes, service charge and board; total is what guests pay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from aggregates.property import Property
from aggregates.reservation import Reservation
from ledger.event import Recorded
from ledger.price import StayPrice
from ledger.stay import BookedStay
from projections.redis_model import RedisModel, Write

NAME = "revenue"
KEPT_AS = "revenue.4"
"""Under which name the keys stand: the number rises with their form, and the model then begins anew from the log."""
ROOM_KINDS = frozenset({"room", "extra_adult", "extra_child"})
LOOKS_AT = frozenset({"reservation", "property"})
Cells = list[tuple[str, str, int, int, int]]
"""(stay date, "room_type|rate_plan|channel|booked_on", room-nights, room revenue and total in minor units) a night."""
Changes = dict[str, dict[str, list[int]]]
"""Stay date → field → what is added to room-nights, room revenue and total."""
MOVING = (
    Reservation.Confirmed, Reservation.Cancelled, Reservation.StayChanged, Reservation.StayCancelled, Reservation.StayNoShow,
    Reservation.StayReinstated, Reservation.StayCheckedIn,
)  # fmt: skip
"""Events that move cells, or may, of stays that were told of before."""


class Sales(msgspec.Struct):
    """What a reservation has sold: the cells of each stay that was not given up. `of`: "channel|booked_on".

    `came` are the stays whose guests came: what they slept stays sold when the others are cancelled.
    """

    of: str
    cells: dict[str, Cells]
    counts: bool = False
    came: list[str] = []


class Revenue:
    """Keeps the revenue cells of one property."""

    def __init__(self, model: RedisModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions when the generation stands at `before`; tell whether it did."""
        known = await self._known(generation, before, batch)
        if known is None:
            return False
        changes: Changes = {}
        told = {str(recorded.stream) for recorded in batch if sell(known, changes, recorded)}
        key = self._stays(generation)
        writes: list[Write] = [
            ("HSET", key, subject, msgspec.json.encode(known[subject]).decode()) if subject in known else ("HDEL", key, subject)
            for subject in sorted(told)
        ]
        writes += [
            ("SET", self.model.key(generation, "house"), json.dumps({"rooms": len(recorded.event.definition.rooms)}))
            for recorded in batch
            if isinstance(recorded.event, Property.Opened | Property.Redefined)
        ]
        writes += await self._absolute(generation, changes)
        return await self.model.apply(generation, before, after, writes)

    async def _known(self, generation: int, before: int, batch: Sequence[Recorded]) -> dict[str, Sales] | None:
        """Read what the batch's reservations have sold, as far as the batch does not tell.

        Nothing when the generation has moved on: what another follower ended is not there any more.
        """
        moved, held = (
            {str(recorded.stream) for recorded in batch if isinstance(recorded.event, kinds)}
            for kinds in (MOVING, Reservation.Held)
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
        return {subject: msgspec.json.decode(raw, type=Sales) for subject, raw in zip(subjects, found, strict=True) if raw}

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


def sell(known: dict[str, Sales], changes: Changes, recorded: Recorded) -> bool:
    """Take an event over into what reservations have sold and into the cells; tell whether it says anything of that. Pure."""
    subject = str(recorded.stream)
    match recorded.event:
        case Reservation.Held() as held:
            known[subject] = Sales(f"{held.channel}|{held.booked_on.isoformat()}", {})
            for stay in held.stays:
                known[subject].cells[str(stay.stay_id)] = _cells(stay, known[subject].of)
        case Reservation.Confirmed():
            sales = known[subject]
            sales.counts = True
            for cells in sales.cells.values():
                _add(changes, cells, 1)
        case Reservation.StayChanged(stay_id=stay_id, stay=stay) | Reservation.StayReinstated(stay_id=stay_id, stay=stay):
            _replace(known[subject], changes, str(stay_id), _cells(stay, known[subject].of))
        case Reservation.StayCancelled(stay_id=stay_id) | Reservation.StayNoShow(stay_id=stay_id):
            _replace(known[subject], changes, str(stay_id), [])
        case Reservation.StayCheckedIn(stay_id=stay_id):
            known[subject].came.append(str(stay_id))
        case Reservation.Cancelled():
            _take_back(known, subject, changes)
        case Reservation.Expired() | Reservation.Abandoned():
            known.pop(subject, None)
        case _:
            return False
    return True


def _take_back(known: dict[str, Sales], subject: str, changes: Changes) -> None:
    """Take the stays that nobody came for off the books; the reservation as well, unless an absent guest may still come."""
    sales = known[subject]
    may_come_back = not all(sales.cells.values())
    for stay_id in sales.cells.keys() - set(sales.came):
        _replace(sales, changes, stay_id, [])
    if not may_come_back:
        del known[subject]


def _replace(sales: Sales, changes: Changes, stay_id: str, cells: Cells) -> None:
    """Let a stay have sold other cells than before, or none any more."""
    if sales.counts:
        _add(changes, sales.cells.get(stay_id, []), -1)
        _add(changes, cells, 1)
    sales.cells[stay_id] = cells


def _cells(stay: BookedStay, of: str) -> Cells:
    """List the cells of all nights of a stay; day use brings money on its date, but sells no night."""
    field = f"{stay.room_type}|{stay.rate_plan}|{of}"
    sold = int(stay.slot == "night")
    return [(night, field, sold, room, whole) for night, room, whole in _nights(stay.price)]


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
