"""Small hotels by chance, and an oracle that says by brute force with how few moves new stays fit. Shares no code with us."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

NIGHTS = 10


@dataclass(frozen=True)
class Guest:
    """Somebody who sleeps in `room` (None: wants one) from night `first` up to, not including, `end`."""

    first: int
    end: int
    room: int | None = None
    stays: bool = False


@dataclass(frozen=True)
class SmallHotel:
    """Rooms, guests who have one, and guests who want one."""

    rooms: int
    lodged: tuple[Guest, ...]
    wanted: tuple[Guest, ...]


@st.composite
def small_hotels(draw: st.DrawFn, *, some_stay: bool) -> SmallHotel:
    """Draw a crowded hotel: in each room guests follow each other with short gaps. Some may not move, if `some_stay`."""
    rooms = draw(st.integers(1, 5))
    lodged: list[Guest] = []
    for room in range(rooms):
        night = draw(st.integers(0, 2))
        while night < NIGHTS:
            end = min(NIGHTS, night + draw(st.integers(1, 4)))
            lodged.append(Guest(night, end, room, some_stay and draw(st.integers(0, 9)) < draw(st.integers(0, 5))))
            night = end + draw(st.sampled_from((0, 1, 1, 2)))
    wanted = []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        first = draw(st.integers(0, NIGHTS - 1))
        wanted.append(Guest(first, min(NIGHTS, first + draw(st.integers(1, 3)))))
    return SmallHotel(rooms, tuple(lodged), tuple(wanted))


def fewest_moves(hotel: SmallHotel) -> int | None:
    """Try everything: the fewest guests that must change rooms so that all fit, None when they do not fit.

    Guests come in the order of their first nights; all that matters of those before is when each room gets free.
    """
    fewest = {(0,) * hotel.rooms: 0}
    for guest in sorted((*hotel.lodged, *hotel.wanted), key=lambda guest: guest.first):
        after: dict[tuple[int, ...], int] = {}
        for free_at, moves in fewest.items():
            for room in range(hotel.rooms):
                if free_at[room] > guest.first or (guest.stays and room != guest.room):
                    continue
                state = (*free_at[:room], guest.end, *free_at[room + 1 :])
                after[state] = min(after.get(state, len(hotel.lodged)), moves + (guest.room not in {None, room}))
        fewest = after
    return min(fewest.values(), default=None)


def is_right(hotel: SmallHotel, new_rooms: tuple[int, ...], moves: dict[int, int]) -> bool:
    """Tell whether nobody shares a room on any night, and nobody moved who may not; `moves` by the place in `lodged`."""
    taken: set[tuple[int, int]] = set()
    rooms = [moves.get(place, guest.room) for place, guest in enumerate(hotel.lodged)]
    for guest, room in zip((*hotel.lodged, *hotel.wanted), (*rooms, *new_rooms), strict=True):
        nights = {(room if room is not None else -1, night) for night in range(guest.first, guest.end)}
        if nights & taken or (guest.stays and room != guest.room):
            return False
        taken |= nights
    return True


def every_night_has_a_room(hotel: SmallHotel) -> bool:
    """Count, night by night, guests and rooms."""
    everybody = (*hotel.lodged, *hotel.wanted)
    return all(sum(guest.first <= night < guest.end for guest in everybody) <= hotel.rooms for night in range(NIGHTS))
