"""The auditor's opinion on holds of several stays, each with its own dates, wishes and slot, in rooms or in a house of them.

Like all of `tests/auditor.py` it shares no code with the product. Which free room a stay gets is the product's to choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.auditor import EITHER, LIVE, Stay, today
from tests.desk_auditor import DeskAuditor
from tests.inspector import law
from tests.naive_house import ROOMS, Night, behind, can_lodge, kind_of, too_many
from tests.stay_auditor import Wanted

FLOOR = {"g1": 0, "g2": 0, "g3": 1, "v1": 0}
JOINED = {"g1": {"g2"}, "g2": {"g1"}, "g3": set[str](), "v1": set[str]()}
FEATURES = {"g1": {"bed-double"}, "g2": {"bed-twin"}, "g3": {"bed-twin", "accessible"}, "v1": {"accessible"}}


@dataclass(frozen=True)
class Place:
    """One stay of a hold as it is wanted."""

    kind: str
    plan: str
    adults: int
    dates: tuple[date, ...]
    slot: str = "night"
    wishes: tuple[str, ...] = ()
    children: int = 0


class WishAuditor(DeskAuditor):
    """An auditor who also knows day use, the house, and what guests wish for."""

    def on_places(self, places: list[Place], lengths: list[int], holder: str, most: int, now: datetime) -> str:
        """Say what a hold of several stays is answered; `lengths` are the nights asked for, which may be none."""
        for place, nights in zip(places, lengths, strict=True):
            if nights < 1:
                return "dates.departure_not_after_arrival"
            if place.dates[0] < today(now):
                return "dates.past"
            if place.slot == "day" and nights != 1:
                return "dates.not_one_day"
        if any(too_many(place.kind, place.adults, place.children) for place in places):
            return "property.too_many_guests"
        rules = [self.on_rules(place.kind, place.plan, [*place.dates], place.slot) for place in places]
        refused = next(filter(None, rules), "") or self.on_holder(holder, most, now)
        if refused or not self._could_ever(places, now):
            return refused or "sold_out"
        return "" if self._always(places, frozenset(), now) else f"{EITHER}sold_out"

    def _always(self, places: list[Place], taken: frozenset[Night], now: datetime) -> bool:
        """Tell whether all find a free room whoever chooses first, and whatever they choose."""
        for number, place in enumerate(places):
            free = self._free_for(place, taken, now)
            others = places[:number] + places[number + 1 :]
            chosen = [taken | {night for day in place.dates for night in behind(room, day, place.slot)} for room in free]
            if not free or not all(self._always(others, nights, now) for nights in chosen):
                return False
        return True

    def _free_for(self, place: Place, taken: frozenset[Night], now: datetime) -> list[str]:
        """List the rooms that are free for a stay and keep what it was promised."""
        free = self.free_rooms(place.kind, [*place.dates], now, slot=place.slot)
        untaken = [room for room in free if not any(taken & {*behind(room, day, place.slot)} for day in place.dates)]
        return [room for room in untaken if self.keeps(room, place.wishes, place.dates[0])]

    def _could_ever(self, places: list[Place], now: datetime) -> bool:
        """Tell whether all find a room if everybody moves who may; nobody moves by day."""
        by_day = [place for place in places if place.slot == "day"]
        if not self._any_way(by_day, frozenset(), now):
            return False
        houses = [place for place in places if place.slot == "night" and place.kind == "house"]
        theirs = [night for place in houses for day in place.dates for night in behind(ROOMS["house"][0], day)]
        if len(set(theirs)) < len(theirs):
            return False
        for kind in ("garden", "villa"):
            moving, staying = self._lodged(kind, now, "")
            mine = [(door, day) for door, day, _ in theirs if door in staying]
            if any(day in staying[door] for door, day in mine):
                return False
            for door, day in mine:
                staying[door].add(day)
            wanted = [place for place in places if place.slot == "night" and place.kind == kind]
            lodgers = [(frozenset(each.dates), frozenset(self.allowed(kind, each.wishes, each.dates[0]))) for each in wanted]
            if not can_lodge([*moving, *lodgers], staying):
                return False
        return True

    def _any_way(self, places: list[Place], taken: frozenset[Night], now: datetime) -> bool:
        if not places:
            return True
        place, *others = places
        return any(
            self._any_way(others, taken | {night for day in place.dates for night in behind(room, day, place.slot)}, now)
            for room in self._free_for(place, taken, now)
        )

    def on_another_room(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        stay = self.stays[stay_id]
        only = self.allowed(wanted.kind, stay.wishes, wanted.arrival)
        if not only:
            return "sold_out"
        return self.on_rooms(wanted.kind, wanted.dates, 1, now, but=stay_id, slot=stay.slot, only=only)

    # —— Wishes

    def allowed(self, kind: str, wishes: tuple[str, ...], arrival: date) -> list[str]:
        """List the rooms of a type that keep every promise."""
        return [room for room in ROOMS[kind] if self.keeps(room, wishes, arrival)]

    def keeps(self, room: str, wishes: tuple[str, ...], arrival: date) -> bool:
        return all(self.fulfils(room, wish[:-1], arrival) for wish in wishes if wish.endswith("!"))

    def fulfils(self, room: str, wish: str, arrival: date) -> bool:
        """Tell whether a room, or every room of the house, is as wished for."""
        doors = room.split("+")
        floors = [FLOOR[door] for each in ROOMS["house" if len(doors) > 1 else kind_of(room)] for door in each.split("+")]
        if wish.startswith("floor"):
            return all(FLOOR[door] == (max(floors) if wish == "floor-high" else min(floors)) for door in doors)
        if wish.startswith("near:"):
            others = self._rooms_on(wish.removeprefix("near:"), arrival)
            return all(any(FLOOR[other] == FLOOR[door] or other in JOINED[door] for other in others) for door in doors)
        if wish == "connecting":
            return all(JOINED[door] for door in doors)
        return all(wish in FEATURES[door] for door in doors)

    def _rooms_on(self, name: str, day: date) -> set[str]:
        """Name the rooms of somebody who has not left, on a day: before their stay the first one, after it the last one."""
        here = [stay for stay in self.stays_of(name) if stay.state in LIVE]
        days = [(stay, min(max(day, stay.arrival), stay.departure - timedelta(days=1))) for stay in here]
        return {door for stay, at in days for door in stay.rooms[at].split("+")}

    def judge(self, places: list[Place], stays: list[Stay], *, alone: bool, free: list[str]) -> None:
        """Look at what stays were given. Who comes `alone`, with nobody moving, has one of the best of the `free` rooms."""
        for place, stay in zip(places, stays, strict=True):
            (room,) = set(stay.rooms.values())
            law(room in ROOMS[place.kind], f"{room} is not a {place.kind}")
            law(tuple(sorted(stay.rooms)) == place.dates, f"{place} was given {stay.rooms}")
            law(not alone or self.keeps(room, place.wishes, place.dates[0]), f"{room} breaks a promise: {place.wishes}")
        if alone and free:
            (place,), (stay,) = places, stays
            best = max(self._score(room, place) for room in free)
            mine = self._score(next(iter(stay.rooms.values())), place)
            law(mine == best, f"{stay.rooms} fulfils {mine} of {place.wishes}, another free room {best}")

    def _score(self, room: str, place: Place) -> int:
        return sum(self.fulfils(room, wish.removesuffix("!"), place.dates[0]) for wish in place.wishes)
