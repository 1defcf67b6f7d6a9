"""Making room by a sweep: from some night on every stay is given a room again, in the order in which they begin.

When nothing is fixed that finds a plan whenever there is one: a stay that begins meets at most as many others as there are
rooms less one. It moves more stays than needed, so `reshuffle` tries a search for few moves first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from commands.assignment import Lodged, Wanted, spare_nights

MOST_CUTS = 8
"""From how many nights, the last ones before the new stays, a sweep is begun in each direction."""

Rooms = tuple[list[int], list[int]]
"""The rooms of the new stays and those of the lodged ones, each in their order."""


def sweeps(rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> Iterator[Rooms]:
    """Give the outcome of every sweep that found a room for all, forwards and backwards in time."""
    yield from _forwards(rooms, lodged, wanted)
    over = max([stay.end for stay in lodged] + [stay.end for stay in wanted])
    lodged = [replace(stay, first=over - stay.end, end=over - stay.first) for stay in lodged]
    wanted = [replace(stay, first=over - stay.end, end=over - stay.first) for stay in wanted]
    yield from _forwards(rooms, lodged, wanted)


def _forwards(rooms: int, lodged: Sequence[Lodged], wanted: Sequence[Wanted]) -> Iterator[Rooms]:
    begin = min(stay.first for stay in wanted)
    cuts = sorted({stay.first for stay in lodged if stay.first < begin} | {begin})[-MOST_CUTS:]
    lodged_nights = [stay.nights for stay in lodged]
    for cut in reversed(cuts):
        if found := _sweep(rooms, lodged, lodged_nights, wanted, cut):
            yield found


def _sweep(
    rooms: int, lodged: Sequence[Lodged], lodged_nights: Sequence[int], wanted: Sequence[Wanted], cut: int
) -> Rooms | None:
    """Give every stay that begins at `cut` or later a room again, its own one when that is free."""
    firm, ahead = [0] * rooms, [0] * rooms
    for other, nights in zip(lodged, lodged_nights, strict=True):
        (firm if other.fixed or other.first < cut else ahead)[other.room] |= nights
    new_rooms, old_rooms = [0] * len(wanted), [stay.room for stay in lodged]
    turns = [(each.first, False, place) for place, each in enumerate(lodged) if not each.fixed and each.first >= cut]
    turns += [(each.first, True, place) for place, each in enumerate(wanted)]
    disturbed_until = max(stay.end for stay in wanted)
    for first, is_new, place in sorted(turns):
        if first >= disturbed_until:
            break  # from here on everybody can stay where they are
        stay: Lodged | Wanted = wanted[place] if is_new else lodged[place]
        room = _room_for(stay, firm, ahead)
        if room is None:
            return None
        firm[room] |= stay.nights
        if is_new:
            new_rooms[place] = room
        else:
            ahead[old_rooms[place]] &= ~stay.nights
            if room != old_rooms[place]:
                disturbed_until = max(disturbed_until, stay.end)
            old_rooms[place] = room
    return new_rooms, old_rooms


def _room_for(stay: Lodged | Wanted, firm: Sequence[int], ahead: Sequence[int]) -> int | None:
    """Choose a free room: the stay's own, else one in which it meets few nights of those still to come, else the best fit."""
    nights = stay.nights
    if isinstance(stay, Lodged) and not firm[stay.room] & nights:
        return stay.room
    allowed = stay.rooms if isinstance(stay, Wanted) else None
    free = [room for room, others in enumerate(firm) if not others & nights and (allowed is None or room in allowed)]
    disturbed = {room: (ahead[room] & nights).bit_count() for room in free}
    spared = {room: spare_nights(firm[room] | ahead[room] & ~nights, stay.first, stay.end) for room in free}
    return min(free, key=lambda room: (disturbed[room], spared[room]), default=None)
