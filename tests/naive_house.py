"""The hotel as the auditors know it: rooms, types, and by trial whether all stays find one. Shares no code with the product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

Night = tuple[str, date, str]
"""Room, stay date and slot."""

SLEEPS = {"garden": (2, 3), "villa": (3, 4), "house": (3, 4)}
ROOMS = {"garden": ("g1", "g2", "g3"), "villa": ("v1",), "house": ("g1+g2",)}
DOORS = ("g1", "g2", "g3", "v1")
SHORTEST = {"flexible": 1, "half-board": 1, "saver": 2}


def days(arrival: date, nights: int) -> list[date]:
    return [arrival + timedelta(days=number) for number in range(nights)]


def behind(room: str, day: date, slot: str = "night") -> list[Night]:
    """List what a room takes on a date: a house takes every room that it is made of."""
    return [(door, day, slot) for door in room.split("+")]


def too_many(kind: str, adults: int, children: int = 0) -> bool:
    """Tell whether a room of a type is too small for a party."""
    most_adults, most_guests = SLEEPS[kind]
    return adults > most_adults or adults + children > most_guests


def kind_of(room: str) -> str:
    """Name the type of a room."""
    return next(kind for kind, rooms in ROOMS.items() if room in rooms)


Lodger = tuple[frozenset[date], frozenset[str]]
"""The nights of somebody who wants one room, and the rooms that will do."""


def anywhere(nights: Iterable[date]) -> Lodger:
    return frozenset(nights), frozenset(DOORS)


def can_lodge(stays: list[Lodger], taken: Mapping[str, set[date]]) -> bool:
    """Tell whether every stay finds one room for all its nights: tried room by room, in the order of their first nights."""
    if not stays:
        return True
    (first, wanted), *others = sorted(stays, key=lambda stay: min(stay[0]))
    alike = all(rooms >= taken.keys() for _, rooms in stays)
    tried: list[set[date]] = []
    for room, nights in taken.items():
        if first & nights or room not in wanted or (alike and nights in tried):
            continue
        tried.append(nights)
        if can_lodge(others, {**taken, room: nights | first}):
            return True
    return False
