"""Making room: which stays change rooms so that new ones fit, moving as few as can be. Pure, on rooms and nights as numbers.

Intervals colour with as many rooms as their deepest overlap, so when nothing is fixed a plan exists exactly when every night
has a free room. With fixed stays that is a search problem; `make_room` says how far it looks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from commands.assignment import Lodged, Wanted, every_night_has_room, spare_nights
from commands.sweeping import sweeps

FEWEST_UP_TO = 4
"""A plan of up to so many moves is one of fewest moves, as long as `MOST_LOOKS` suffice."""
MOST_LOOKS = 24_000
"""Looks into a room for each number of moves (2,000 placements with 12 rooms) before a sweep takes over, which may move more
stays than needed: the writer must not wait for long."""


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
    for most_moves in range(FEWEST_UP_TO + 1):
        search = _Search(rooms, lodged, wanted)
        try:
            if search.place(list(range(len(wanted))), most_moves):
                return search.plan()
        except _TooManySteps:
            break
    plans = [_plan(lodged, new_rooms, old_rooms) for new_rooms, old_rooms in sweeps(rooms, lodged, wanted)]
    return min(plans, key=lambda plan: len(plan.moves), default=None)


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


class _TooManySteps(Exception):
    """The search has taken as long as it may."""


class _Search:
    """All plans of a few moves, depth first. Pieces are numbers: first the new stays, then the lodged ones.

    `_firm` are the nights of what may not move or was placed by the search, `_loose` the pieces of each room that may still
    move. A loose piece in the way of another is taken up and must be placed, too: every plan in which no move is idle is met.
    """

    def __init__(self, rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> None:
        self._new = len(wanted)
        self._lodged = lodged
        self._pieces: list[Lodged | Wanted] = [*wanted, *lodged]
        self._nights = [piece.nights for piece in self._pieces]
        self._rooms: dict[int, int] = {}
        self._firm = [0] * rooms
        self._loose: list[list[int]] = [[] for _ in range(rooms)]
        self._steps_left = MOST_LOOKS // rooms
        for number, stay in enumerate(lodged, self._new):
            if stay.fixed:
                self._firm[stay.room] |= self._nights[number]
            else:
                self._loose[stay.room].append(number)

    def place(self, pending: list[int], moves_left: int) -> bool:
        """Place all `pending` pieces, taking up at most `moves_left` others; tell whether that worked. Raises _TooManySteps."""
        if not pending:
            return True
        self._steps_left -= 1
        if self._steps_left < 0:
            raise _TooManySteps
        choices = {piece: list(self._choices(piece, moves_left)) for piece in pending}
        piece = min(pending, key=lambda each: len(choices[each]))
        rest = [other for other in pending if other != piece]
        for _, _, room, in_the_way in sorted(choices[piece]):
            stayed = self._loose[room]
            self._rooms[piece] = room
            self._firm[room] |= self._nights[piece]
            self._loose[room] = [other for other in stayed if other not in in_the_way]
            if self.place(rest + in_the_way, moves_left - len(in_the_way)):
                return True
            del self._rooms[piece]
            self._loose[room] = stayed
            self._firm[room] &= ~self._nights[piece]
        return False

    def plan(self) -> Plan:
        """Give the plan when all pieces are placed."""
        old_rooms = [self._rooms.get(number, stay.room) for number, stay in enumerate(self._lodged, self._new)]
        return _plan(self._lodged, [self._rooms[number] for number in range(self._new)], old_rooms)

    def _choices(self, number: int, moves_left: int) -> Iterator[tuple[int, int, int, list[int]]]:
        """Give (how many are in the way, nights spared, room, which are in the way) of the rooms where a piece can go."""
        piece, nights = self._pieces[number], self._nights[number]
        allowed = piece.rooms if isinstance(piece, Wanted) else None
        for room, firm in enumerate(self._firm):
            if firm & nights or (allowed is not None and room not in allowed):
                continue
            in_the_way = [other for other in self._loose[room] if self._nights[other] & nights]
            if len(in_the_way) <= moves_left:
                yield len(in_the_way), spare_nights(firm, piece.first, piece.end), room, in_the_way
