"""The auditor's opinion on groups and on those who wait: who has which room of a block, and whose turn it is.

Like all of `tests/auditor.py` it shares no code with the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from tests.auditor import COLOMBO, EITHER, Holding, Stay, today
from tests.inspector import law
from tests.naive_house import DOORS, ROOMS, SHORTEST, Night, behind, can_lodge, days, kind_of, too_many
from tests.stay_auditor import StayAuditor, Wanted

OPEN_STATES = ("tentative", "definite")


def end_of(day: date) -> datetime:
    """Give the moment at which a day is over at the hotel."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) - COLOMBO


@dataclass
class Party:
    """A group as the auditor sees it. Which nights its block has stands in the book of nights."""

    plan: str
    cutoff: date
    option_until: datetime | None
    elastic: bool
    state: str
    kind: str = "garden"
    """The one type that its block is of."""


class GroupAuditor(StayAuditor):
    """An auditor who also knows blocks and the waitlist."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, Party] = {}
        self.waiting: dict[str, Wanted] = {}
        self.blocks: dict[str, date] = {}
        """The last night of each block of rooms that was not ended."""

    # —— Groups

    def on_open(self, wanted: Wanted, rooms: int, party: Party, now: datetime) -> str:
        refused = _on_block(wanted, rooms, now) or self._on_terms(wanted, party, now)
        return refused or self.on_rooms(wanted.kind, wanted.dates, rooms, now).replace("sold", "group.sold")

    def _on_terms(self, wanted: Wanted, party: Party, now: datetime) -> str:
        if party.cutoff < today(now):
            return "group.cutoff_past"
        if party.cutoff > wanted.arrival:
            return "group.cutoff_after_arrival"
        until = party.option_until
        over = until is not None and (until <= now or until > end_of(party.cutoff))
        return "group.option_out_of_range" if over else ""

    def on_group(self, group: str, *, confirm: bool = False, release: str = "", now: datetime | None = None) -> str:
        party = self.groups[group]
        if party.state not in OPEN_STATES:
            return "group.not_live"
        if confirm and party.state == "definite":
            return "group.definite"
        if release == "cutoff" and now is not None and today(now) <= party.cutoff:
            return "group.not_due"
        if release == "option" and now is not None and (party.option_until is None or party.option_until > now):
            return "group.not_due"
        return ""

    def on_change_block(self, group: str, wanted: Wanted, rooms: int, cutoff: date | None, now: datetime) -> str:
        refused = self.on_group(group) or _on_block(wanted, rooms, now)
        if refused:
            return refused
        block, party = self.block_of(group), self.groups[group]
        missing = {day: rooms - block[wanted.kind, day] for day in wanted.dates if rooms > block[wanted.kind, day]}
        if missing or cutoff:
            terms = replace(party, cutoff=cutoff or party.cutoff)
            first = min([day for _, day in block] + [wanted.arrival] * (rooms > 0), default=terms.cutoff)
            refused = self._on_terms(replace(wanted, arrival=first), terms, now)
        return refused or self._on_more(wanted.kind, missing, now)

    def _on_more(self, kind: str, missing: Mapping[date, int], now: datetime) -> str:
        """Say whether a block can have so many more rooms night by night: in whole rooms for sure, and never out of nothing."""
        if kind == "house":
            return self.on_rooms(kind, list(missing), max(missing.values(), default=0), now).replace("sold", "group.sold")
        free = {day: len(self.free_rooms(kind, [day], now)) for day in missing}
        if any(free[day] < rooms for day, rooms in missing.items()):
            return "group.sold_out"
        whole = len(self.free_rooms(kind, list(missing), now)) >= max(missing.values(), default=0)
        return "" if whole else f"{EITHER}group.sold_out"

    def on_pick_up(self, group: str, wanted: Wanted, now: datetime) -> str:
        party = self.groups[group]
        refused = self.on_group(group)
        if refused or party.state == "tentative":
            return refused or "group.tentative"
        fits = SHORTEST[party.plan] <= len(wanted.dates) and not too_many(wanted.kind, wanted.adults)
        left = self.block_of(group)
        inside = party.elastic or all(left[wanted.kind, day] for day in wanted.dates)
        if not fits or wanted.arrival < today(now) or not inside:
            return "rooming_list.wrong"
        return self.on_rooms(wanted.kind, wanted.dates, 1, now, but=group).replace("sold_out", "rooming_list.wrong")

    def block_of(self, group: str) -> Counter[tuple[str, date]]:
        """Count the rooms of a block by type and night; a house is one, however many rooms it is made of."""
        mine = [night for night, holding in self.nights.items() if holding.who == group]
        if self.groups[group].kind != "house":
            return Counter((kind_of(room), day) for room, day, _ in mine)
        whole = len(behind(ROOMS["house"][0], date.min))
        return Counter({("house", day): doors // whole for day, doors in Counter(day for _, day, _ in mine).items()})

    def reblock(self, group: str, nights: Iterable[Night], expected: Mapping[tuple[str, date], int], now: datetime) -> None:
        """Take over which nights a block has now; how many of each type and night is known beforehand."""
        self.leaves(group)
        self.block(group, nights, now)
        law(self.block_of(group) == Counter(expected), f"the block of {group} is {self.block_of(group)}, not {expected}")

    def pick_up(self, name: str, stay_id: str, stay: Stay, now: datetime) -> None:
        """Book a guest of a group at once."""
        self.hold(name, {stay_id: stay}, now + timedelta(days=1), f"group {name}")
        stay.state = "confirmed"

    def end_group(self, group: str, state: str) -> None:
        self.leaves(group)
        self.groups[group].state = state

    def block(self, block: str, nights: Iterable[Night], now: datetime) -> None:
        """Take nights off the market."""
        for night in nights:
            law(self.free(night, now), f"{night} was blocked for {block} and is not free")
            self.nights[night] = Holding(block, "blocked")

    # —— Rooms out of order

    def on_block(self, room: str, first: date, last: date, now: datetime) -> str:
        if room not in DOORS:
            return "property.room_unknown"
        if last < first:
            return "upkeep.last_night_before_first"
        if first < today(now):
            return "upkeep.past"
        wanted = set(days(first, (last - first).days + 1))
        if any(self._is_used_by_day(room, day, now) for day in wanted):
            return "upkeep.stays_in_the_way"
        if all(self.free((room, day, "night"), now) for day in wanted):
            return ""
        moving, staying = self._lodged(kind_of(room), now, "")
        makes_way = not staying[room] & wanted and can_lodge(moving, {**staying, room: staying[room] | wanted})
        return f"{EITHER}upkeep.stays_in_the_way" if makes_way else "upkeep.stays_in_the_way"

    def _is_used_by_day(self, room: str, day: date, now: datetime) -> bool:
        """Tell whether somebody has a room for a day and has not left."""
        holding = self.nights.get((room, day, "day"))
        here = holding is not None and self.stays[holding.who].state != "checked_out"
        return here and not self.free((room, day, "day"), now)

    def close(self, block: str, nights: Iterable[Night], now: datetime) -> None:
        """Take a room off the market by night and by day; a hold by day whose time is over has lost it."""
        mine = list(nights)
        self.block(block, mine, now)
        for room, day, _ in mine:
            self.nights[room, day, "night"] = Holding(block, "blocked", closed=True)
            if self.free((room, day, "day"), now):
                self.nights.pop((room, day, "day"), None)

    def on_unblock(self, block: str, now: datetime) -> str:
        if block not in self.blocks:
            return "upkeep.block_unknown"
        return "upkeep.block_over" if self.blocks[block] < today(now) else ""

    def unblock(self, block: str, now: datetime) -> None:
        """End a block; its nights that are past stay as they were."""
        mine = [night for night, holding in self.nights.items() if holding.who == block and night[1] >= today(now)]
        for night in mine:
            del self.nights[night]
        del self.blocks[block]

    # —— Those who wait

    def on_join(self, wanted: Wanted, now: datetime) -> str:
        if wanted.arrival < today(now):
            return "dates.past"
        if too_many(wanted.kind, wanted.adults):
            return "property.too_many_guests"
        return "restriction.min_stay" if len(wanted.dates) < SHORTEST[wanted.plan] else ""

    def offers(self, offered: list[str], now: datetime) -> None:
        """Judge a round of offers after their rooms were adopted: in order, nobody passed over, nobody for the past."""
        order = [entry for entry in self.waiting if entry in offered]
        law(order == offered, f"offers went to {offered}, who came as {order}")
        before = dict(self.waiting)
        for entry, wanted in before.items():
            if wanted.arrival < today(now):
                law(entry not in offered, f"{entry} was offered the past")
                del self.waiting[entry]
            elif entry in offered:
                del self.waiting[entry]
            else:
                sold = not self.on_rules(wanted.kind, wanted.plan, wanted.dates)
                free = self.free_rooms(wanted.kind, wanted.dates, now)
                law(not (sold and free), f"{entry} was passed over, and a room is free")
        kept = list(self.waiting)
        for entry in kept:
            later = list(before)[list(before).index(entry) + 1 :]
            same = [other for other in later if other in offered and before[other] == before[entry]]
            law(not same, f"{same} waited for the same as {entry}, came later and got it")


def _on_block(wanted: Wanted, rooms: int, now: datetime) -> str:
    """Say why no block of the house can be asked for like this."""
    if wanted.departure <= wanted.arrival:
        return "dates.departure_not_after_arrival"
    if wanted.arrival < today(now):
        return "dates.past"
    if rooms > len(ROOMS[wanted.kind]):
        return "group.larger_than_house"
    return ""
