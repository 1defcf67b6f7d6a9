"""The nights of a whole house: which rooms there are, what is taken, and what must be written when that changes.

No Redis here: writes name their keys in parts, below whatever the generation is kept as.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from ledger.ids import doors_of
from projections.from_date import PACKING
from projections.room_runs import RoomRuns, Span

Rooms = Mapping[str, Sequence[str]]
"""The codes of each type's rooms, in order. A room that is several rooms is taken when one of its doors is."""
Changes = dict[tuple[str, int], bool]
"""What is taken (True) and free now, by door and day."""
Unplaced = tuple[str, tuple[str, ...], *tuple[str | bytes, ...]]
"""A Redis command on one key: its name, the key's parts, then its arguments, all absolute values."""


class HouseNights:
    """The nights of all doors, and of the rooms behind them by room type."""

    def __init__(self, rooms: Rooms | None = None, bits: Mapping[str, int] | None = None) -> None:
        """Begin with some rooms, and the nights on which their doors are taken: bit d of a door's number is day d."""
        self._doors: dict[str, int] = dict(bits or {})
        self._types: dict[str, RoomRuns] = {}
        self._behind: dict[str, list[tuple[str, str]]] = {}
        self._set(rooms or {})

    def define(self, rooms: Rooms) -> list[Unplaced]:
        """Take over which rooms there are, and write all numbers anew."""
        self._set(rooms)
        writes: list[Unplaced] = [("SET", ("rooms",), json.dumps(rooms))]
        for kind, runs in self._types.items():
            writes += [("DEL", ("from", kind)), *_numbers(kind, runs, runs.every())]
            writes += [
                ("SET", ("room", room), bitmap_of(self._together(room))) for room in runs.rooms if len(doors_of(room)) > 1
            ]
        return writes

    def take(self, changes: Changes) -> list[Unplaced]:
        """Take over what is taken and free now; write the bits and the numbers that are others than before."""
        writes: list[Unplaced] = []
        by_type: dict[str, Changes] = {}
        touched: set[tuple[str, str, int]] = set()
        for (door, day), taken in changes.items():
            before = self._doors.get(door, 0)
            if before >> day & 1 == taken:
                continue
            self._doors[door] = before ^ 1 << day
            writes.append(("SETBIT", ("room", door), str(day), "1" if taken else "0"))
            for kind, room in self._behind.get(door, ()):
                if room == door:
                    by_type.setdefault(kind, {})[room, day] = taken
                else:
                    touched.add((kind, room, day))
        for kind, room, day in sorted(touched):
            taken = bool(self._together(room) >> day & 1)
            if self._types[kind].is_taken(room, day) != taken:
                by_type.setdefault(kind, {})[room, day] = taken
                writes.append(("SETBIT", ("room", room), str(day), "1" if taken else "0"))
        for kind, changed in by_type.items():
            runs = self._types[kind]
            writes += _numbers(kind, runs, runs.take(changed))
        return writes

    def _set(self, rooms: Rooms) -> None:
        self._behind = {}
        for kind, of_type in rooms.items():
            for room in of_type:
                for door in doors_of(room):
                    self._behind.setdefault(door, []).append((kind, room))
        self._types = {
            kind: RoomRuns(of_type, {room: self._together(room) for room in of_type}) for kind, of_type in rooms.items()
        }

    def _together(self, room: str) -> int:
        return reduce(or_, (self._doors.get(door, 0) for door in doors_of(room)))


def _numbers(kind: str, runs: RoomRuns, spans: Iterable[Span]) -> Iterator[Unplaced]:
    for span in spans:
        yield "SETRANGE", ("from", kind), str(span.first * PACKING.size), runs.packed(span)


def bits_of(raw: bytes) -> int:
    """Turn a bitmap whose first bit is the highest of its first byte into a number whose lowest bit comes first."""
    return int.from_bytes(raw.translate(_REVERSED), "little")


def bitmap_of(bits: int) -> bytes:
    """Turn a number whose lowest bit comes first into a bitmap whose first bit is the highest of its first byte."""
    return bits.to_bytes(bits.bit_length() // 8 + 1, "little").translate(_REVERSED)


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
