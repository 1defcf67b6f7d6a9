"""Making room: which stays change rooms so that new ones fit, moving as few as can be. Pure, on rooms and nights as numbers.

Intervals colour with as many rooms as their deepest overlap, so when nothing is fixed a plan exists exactly when every night
has a free room. With fixed stays that is a search problem; `make_room` says how far it looks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from commands.assignment import Lodged, Wanted, every_night_has_room, spare_nights
from commands.sweeping import sweeps

FEWEST_UP_TO = 4
"""A plan of up to so many moves is one of fewest moves, as long as `MOST_LOOKS` suffice."""
MOST_LOOKS = 24_000
"""Looks into a room, for all numbers of moves together, before a sweep takes over, which may move more stays than needed: the
writer must not wait for long."""


class Plan(Struct, frozen=True, gc=False):
    """A room for each new stay, in their order, and the new rooms of the stays that move, by their key."""

    rooms: tuple[int, ...]
    moves: dict[Hashable, int]


def make_room(rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> Plan | None:
    """Find a room for each new stay, moving others when only that helps; None when no way was found.

    Never wrong when it finds a way; when nothing is fixed and any room will do, it finds one whenever every night has a free
    room. With fixed stays it looks through all plans of up to `FEWEST_UP_TO` moves and then sweeps: what needs more moves
    and a cleverer order is refused.
    """
    taken = [0] * rooms
    for stay in lodged:
        taken[stay.room] |= stay.nights
    if not every_night_has_room(taken, wanted):
        return None
    if plan := _with_fewest_moves(rooms, lodged, wanted):
        return plan
    plans = [_plan(lodged, new_rooms, old_rooms) for new_rooms, old_rooms in sweeps(rooms, lodged, wanted)]
    return min(plans, key=lambda plan: len(plan.moves), default=None)


def _with_fewest_moves(rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> Plan | None:
    search = _Search(rooms, lodged, wanted)
    try:
        for most_moves in range(FEWEST_UP_TO + 1):
            if search.place(list(range(len(wanted))), most_moves):
                return search.plan()
    except _TooManyLooks:
        return None
    return None


def in_view(lodged: Iterable[Lodged], first: int, end: int) -> list[Lodged]:
    """Give what is lodged on the nights from `first` to `end`; what touches the edge may reach beyond it, and counts as fixed.

    A plan for these is one for all. When there is none, a wider view may have one.
    """
    return [
        replace(stay, fixed=stay.fixed or stay.first <= first or stay.end >= end)
        for stay in lodged
        if stay.first < end and stay.end > first
    ]


def _plan(lodged: Sequence[Lodged], new_rooms: Sequence[int], old_rooms: Sequence[int]) -> Plan:
    moved = {stay.key: room for stay, room in zip(lodged, old_rooms, strict=True) if room != stay.room}
    return Plan(tuple(new_rooms), moved)


class _TooManyLooks(Exception):
    """The search has taken as long as it may."""


class _Search:
    """All plans of a few moves, depth first. Pieces are numbers: first the new stays, then the lodged ones.

    `_firm` are the nights of what may not move or was placed by the search, `_neighbours` the pieces of each room that may
    move, in the order of their nights, until they are `_taken_up`. One that is in the way of another is taken up and must be
    placed, too: every plan in which no move is idle is met. A search that fails leaves all as it was.
    """

    def __init__(self, rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> None:
        self._new = len(wanted)
        self._lodged = lodged
        self._pieces: list[Lodged | Wanted] = [*wanted, *lodged]
        self._nights = [piece.nights for piece in self._pieces]
        self._rooms: dict[int, int] = {}
        self._firm = [0] * rooms
        self._neighbours: list[list[int]] = [[] for _ in range(rooms)]
        self._taken_up: set[int] = set()
        self._looks_left = MOST_LOOKS
        for number, stay in sorted(enumerate(lodged, self._new), key=lambda each: each[1].first):
            if stay.fixed:
                self._firm[stay.room] |= self._nights[number]
            else:
                self._neighbours[stay.room].append(number)
        self._ends = [[self._pieces[number].end for number in numbers] for numbers in self._neighbours]

    def place(self, pending: list[int], moves_left: int) -> bool:
        """Place all `pending` pieces, taking up at most `moves_left` others; tell whether that worked. Raises _TooManyLooks."""
        if not pending:
            return True
        choices = {piece: list(self._choices(piece, moves_left)) for piece in pending}
        piece = min(pending, key=lambda each: len(choices[each]))
        rest = [other for other in pending if other != piece]
        for _, _, room, in_the_way in sorted(choices[piece]):
            self._rooms[piece] = room
            self._firm[room] |= self._nights[piece]
            self._taken_up.update(in_the_way)
            if self.place(rest + in_the_way, moves_left - len(in_the_way)):
                return True
            del self._rooms[piece]
            self._taken_up.difference_update(in_the_way)
            self._firm[room] &= ~self._nights[piece]
        return False

    def plan(self) -> Plan:
        """Give the plan when all pieces are placed."""
        old_rooms = [self._rooms.get(number, stay.room) for number, stay in enumerate(self._lodged, self._new)]
        return _plan(self._lodged, [self._rooms[number] for number in range(self._new)], old_rooms)

    def _choices(self, number: int, moves_left: int) -> Iterator[tuple[int, int, int, list[int]]]:
        """Give (how many are in the way, nights spared, room, which are in the way) of the rooms where a piece can go."""
        self._looks_left -= len(self._firm)
        if self._looks_left < 0:
            raise _TooManyLooks
        piece, nights = self._pieces[number], self._nights[number]
        allowed = piece.rooms if isinstance(piece, Wanted) else None
        for room, firm in enumerate(self._firm):
            if firm & nights or (allowed is not None and room not in allowed):
                continue
            in_the_way = self._in_the_way(room, piece)
            if len(in_the_way) <= moves_left:
                yield len(in_the_way), spare_nights(firm, piece.first, piece.end), room, in_the_way

    def _in_the_way(self, room: int, piece: Lodged | Wanted) -> list[int]:
        """List the pieces of a room that may move and share a night with another: they are neighbours of each other."""
        numbers = self._neighbours[room]
        found = []
        for place in range(bisect_right(self._ends[room], piece.first), len(numbers)):
            if self._pieces[numbers[place]].first >= piece.end:
                break
            if numbers[place] not in self._taken_up:
                found.append(numbers[place])
        return found
