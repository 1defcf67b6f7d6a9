"""The nights of a whole house: which rooms there are, what is taken, and what must be written when that changes.

No Redis here: writes name their keys in parts, below whatever the generation is kept as.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from projections.from_date import PACKING
from projections.room_runs import RoomRuns, Span

Rooms = Mapping[str, Sequence[str]]
"""The codes of each type's rooms, in order."""
Changes = dict[tuple[str, int], bool]
"""What is taken (True) and free now, by room and day."""
Unplaced = tuple[str, tuple[str, ...], *tuple[str | bytes, ...]]
"""A Redis command on one key: its name, the key's parts, then its arguments, all absolute values."""


class HouseNights:
    """The nights of all rooms, by room type."""

    def __init__(self, rooms: Rooms | None = None, bits: Mapping[str, int] | None = None) -> None:
        """Begin with some rooms, and the nights that are taken: bit d of a room's number is day d."""
        self._types: dict[str, RoomRuns] = {}
        self._type_of: dict[str, str] = {}
        self._set(rooms or {}, bits or {})

    def define(self, rooms: Rooms) -> list[Unplaced]:
        """Take over which rooms there are, and write all numbers anew."""
        self._set(rooms, {room: bits for runs in self._types.values() for room, bits in runs.bits()})
        writes: list[Unplaced] = [("SET", ("rooms",), json.dumps(rooms))]
        for kind, runs in self._types.items():
            writes += [("DEL", ("from", kind)), *_numbers(kind, runs, runs.every())]
        return writes

    def take(self, changes: Changes) -> list[Unplaced]:
        """Take over what is taken and free now; write the bits and the numbers that are others than before."""
        writes: list[Unplaced] = []
        by_type: dict[str, Changes] = {}
        for (room, day), taken in changes.items():
            kind = self._type_of.get(room, "")
            if kind and self._types[kind].is_taken(room, day) == taken:
                continue
            writes.append(("SETBIT", ("room", room), str(day), "1" if taken else "0"))
            if kind:
                by_type.setdefault(kind, {})[room, day] = taken
        for kind, changed in by_type.items():
            runs = self._types[kind]
            writes += _numbers(kind, runs, runs.take(changed))
        return writes

    def _set(self, rooms: Rooms, bits: Mapping[str, int]) -> None:
        self._types = {kind: RoomRuns(of_type, bits) for kind, of_type in rooms.items()}
        self._type_of = {room: kind for kind, of_type in rooms.items() for room in of_type}


def _numbers(kind: str, runs: RoomRuns, spans: Iterable[Span]) -> Iterator[Unplaced]:
    for span in spans:
        yield "SETRANGE", ("from", kind), str(span.first * PACKING.size), runs.packed(span)
