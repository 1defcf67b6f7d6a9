"""Which stays the clients ask for: rooms and dates at random, without asking twice, but for a few that are taken already.

The draws of a run are the same for every subject, and each client process has its own part of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

STAY_NIGHTS = 3
LEAD_DAYS = 1095
"""Arrivals lie within three years: what the product lets people book ahead."""
STEP = 1_000_003
"""A prime: steps of this size, modulo the number of stays there are, visit each of them once in no visible order."""
TAKEN_EVERY = 1000
"""One draw in so many is a stay that was drawn before: it must be refused, or end up in another room."""


@dataclass(frozen=True)
class Draw:
    """One stay to book: `room` counts from 0."""

    number: int
    room: int
    arrival: date

    @property
    def departure(self) -> date:
        """Give the day after the last night."""
        return self.arrival + timedelta(days=STAY_NIGHTS)


@dataclass
class Draws:
    """Draws number `begin` + `place`, then every `parts`-th of all. `first` is the earliest arrival."""

    rooms: int
    first: date
    begin: int = 0
    place: int = 0
    parts: int = 1

    def part(self, place: int, parts: int) -> Draws:
        """Give the draws of one of several processes."""
        return replace(self, place=place, parts=parts)

    def after(self, number: int) -> Draws:
        """Give the draws beyond a number, as none of the stays before it are free any more."""
        return replace(self, begin=number + 1)

    def __iter__(self) -> Iterator[Draw]:
        """Give the draws one by one; several threads may take from one iterator."""
        return map(self.draw, count(self.begin + self.place, self.parts))

    def draw(self, number: int) -> Draw:
        """Give a draw by its number."""
        again = number % TAKEN_EVERY == TAKEN_EVERY - 1
        drawn = number - TAKEN_EVERY // 2 if again else number
        slots = LEAD_DAYS // STAY_NIGHTS
        room, slot = divmod(drawn * STEP % (self.rooms * slots), slots)
        return Draw(number, room, self.first + timedelta(days=slot * STAY_NIGHTS))


def guest_of(number: int) -> dict[str, Any]:
    """Make the guest of a draw, as a request body says it."""
    return {
        "name": f"Nimali Perera {number}",
        "email": f"guest{number}@example.com",
        "phone": f"+94 77 {number:07d}",
        "country": "Sri Lanka",
        "language": "en",
        "requests": "A quiet room, please.",
    }
