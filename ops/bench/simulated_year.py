"""A year of requests for the rooms of one type, and how many of their nights each way of assigning rooms sells. No servers.

Requests come in the order in which they are made, some months or days before arrival; what is refused is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from commands.assignment import Lodged, Wanted, best_fit, every_night_has_room
from commands.making_room import NIGHTS_AFTER, NIGHTS_BEFORE
from commands.reshuffle import Plan, in_view, make_room
from ops.bench.checks import NotTrue

YEAR = 365
LONGEST_NIGHTS, LONGEST_LEAD_DAYS = 7, 120
PROMISED = 0.1
"""Share of stays whose room is promised, so that they cannot be moved."""


class Request(NamedTuple):
    """Made on day `made_on` of the year (before it: negative), for the nights from `first` to `end`."""

    made_on: int
    first: int
    end: int
    promised: bool


@dataclass
class Sold:
    """What a year has brought: room-nights, how often room was made, and by how many moves each time."""

    nights: int = 0
    moves: Counter[int] = field(default_factory=Counter)
    missed: int = 0
    """Requests refused although every night had a free room."""


def requests(random: Random, rooms: int, demand: float) -> list[Request]:
    """Draw requests for `demand` times the room-nights of the year, in the order in which they are made."""
    drawn: list[Request] = []
    nights = 0
    while nights < demand * rooms * YEAR:
        length = random.randint(1, LONGEST_NIGHTS)
        first = random.randint(0, YEAR - length)
        made_on = first - random.randint(0, LONGEST_LEAD_DAYS)
        drawn.append(Request(made_on, first, first + length, random.random() < PROMISED))
        nights += length
    return sorted(drawn)


class House:
    """The rooms of a type during the year, with who has which."""

    def __init__(self, rooms: int) -> None:
        self.taken = [0] * rooms
        self.lodged: dict[int, Lodged] = {}

    def lodge(self, key: int, stay: Lodged) -> None:
        """Give a stay its room. Raises NotTrue when somebody else has it."""
        if self.taken[stay.room] & stay.nights:
            message = f"room {stay.room} was given to two stays"
            raise NotTrue(message)
        self.taken[stay.room] |= stay.nights
        self.lodged[key] = stay

    def leave(self, key: int) -> Lodged:
        """Take a stay out of its room."""
        stay = self.lodged.pop(key)
        self.taken[stay.room] &= ~stay.nights
        return stay

    def make_room(self, wanted: Wanted, today: int) -> Plan | None:
        """Look for a plan as the product does, first near, then everywhere: who has come or comes today stays."""
        ahead = [
            Lodged(key, stay.room, stay.first, stay.end, stay.fixed or stay.first <= today)
            for key, stay in self.lodged.items()
            if stay.end > today
        ]
        near = in_view(ahead, wanted.first - NIGHTS_BEFORE, wanted.end + NIGHTS_AFTER)
        return make_room(len(self.taken), near, [wanted]) or make_room(len(self.taken), ahead, [wanted])


def first_fit(rooms: int, year: Sequence[Request]) -> Sold:
    """Sell each request the first room that is free for all of it."""

    def first_free(house: House, wanted: Wanted) -> list[int]:
        return [room for room, others in enumerate(house.taken) if not others & wanted.nights][:1]

    return _sell(rooms, year, first_free)


def best_fitting(rooms: int, year: Sequence[Request]) -> Sold:
    """Sell each request the room that leaves the longest free runs."""
    return _sell(rooms, year, lambda house, wanted: best_fit(house.taken, wanted))


def reshuffled(rooms: int, year: Sequence[Request]) -> Sold:
    """The same, and move others when no room is free for all of it but every night has one."""
    return _sell(rooms, year, lambda house, wanted: best_fit(house.taken, wanted), moving=True)


def bound(rooms: int, year: Sequence[Request]) -> Sold:
    """Sell whatever has a free room every night, as if guests changed rooms each morning: no assignment can sell more so."""
    sold, guests = Sold(), [0] * YEAR
    for request in year:
        if max(guests[request.first : request.end]) < rooms:
            sold.nights += request.end - request.first
            for night in range(request.first, request.end):
                guests[night] += 1
    return sold


def _sell(rooms: int, year: Sequence[Request], choose: Callable[[House, Wanted], list[int]], *, moving: bool = False) -> Sold:
    house, sold = House(rooms), Sold()
    for key, request in enumerate(year):
        wanted = Wanted(request.first, request.end)
        chosen = choose(house, wanted)
        if not chosen and every_night_has_room(house.taken, [wanted]):
            plan = house.make_room(wanted, request.made_on) if moving else None
            if plan is not None:
                _carry_out(house, plan, sold)
                chosen = list(plan.rooms)
            sold.missed += plan is None
        if chosen:
            house.lodge(key, Lodged(key, chosen[0], request.first, request.end, request.promised))
            sold.nights += request.end - request.first
    return sold


def _carry_out(house: House, plan: Plan, sold: Sold) -> None:
    left = [(key, house.leave(key), room) for key, room in plan.moves.items() if isinstance(key, int)]
    for key, stay, room in left:
        house.lodge(key, replace(stay, room=room))
    sold.moves[len(left)] += 1


WAYS: Mapping[str, Callable[[int, Sequence[Request]], Sold]] = {
    "first fit": first_fit,
    "best fit": best_fitting,
    "reshuffle": reshuffled,
    "bound": bound,
}
"""Ways to assign rooms, from the simplest to what none can exceed."""
