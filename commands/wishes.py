"""What guests wish for in a room, in coded words: which rooms fulfil it. A wish is a preference, with ! it is a promise.

A preference orders the rooms that are free; a promise leaves only rooms that keep it, and the stay is not moved afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from aggregates.property import Property, Room
from aggregates.reservation import Reservation
from commands.typed_text import Coded
from ledger.command import Known
from ledger.refusal import Refusal

PLAIN_WISHES = ("floor-high", "floor-low", "bed-twin", "bed-double", "accessible", "connecting")
A_RESERVATION = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
Wish = Annotated[
    str,
    Coded(
        f"({'|'.join(PLAIN_WISHES)}|near:{A_RESERVATION})!?",
        f"There is no such wish: choose of {', '.join(PLAIN_WISHES)} and near:RESERVATION_ID, with ! after it for a promise",
    ),
]
"""`near:` names the reservation near which the guests want to be."""
PROMISED = "!"
NEAR = "near:"


def is_promised(wishes: Sequence[str]) -> bool:
    """Tell whether some wish is a promise, so that the room is pinned."""
    return any(wish.endswith(PROMISED) for wish in wishes)


def neighbours(wishes: Sequence[str]) -> list[UUID]:
    """Name the reservations near which the guests want to be."""
    return [UUID(wish.removesuffix(PROMISED).removeprefix(NEAR)) for wish in wishes if wish.startswith(NEAR)]


class NearUnknown(Refusal):
    """A room near somebody was promised who is not known."""

    code = "wish.near_unknown"
    field = "wishes"


def rooms_near(wishes: Sequence[str], night: date, known: Known) -> list[str]:
    """Name the rooms on a night of the live stays near which the guests want to be. Raises Unread, NearUnknown.

    Who is not known, or gave all rooms up, has none: a preference has no effect then, a promise to be near somebody who was
    never here is refused.
    """
    known.require(neighbours(wishes))
    for wish in wishes:
        for other in neighbours([wish]):
            if wish.endswith(PROMISED) and known.get(Reservation, other).state == "none":
                raise NearUnknown(
                    f"There is no reservation {other} to be near to: look its id up, or wish without the exclamation mark.",
                    reservation_id=str(other),
                )
    stays = [stay for other in neighbours(wishes) for stay in known.get(Reservation, other).live.values()]
    return [stay.room_on(night) for stay in stays if stay.is_live]


def fitting(hotel: Property, rooms: Sequence[str], wishes: Sequence[str], near: Collection[str]) -> list[str]:
    """List the rooms that keep every promise, first those that fulfil most wishes, then as given. `near`: the others' rooms."""
    floors = [room.floor for code in rooms for room in hotel.doors(code)]
    neighbouring = [room for code in near for room in hotel.doors(code)]

    def fulfils(code: str, wish: str) -> bool:
        return all(_fulfils(room, wish.removesuffix(PROMISED), floors, neighbouring) for room in hotel.doors(code))

    kept = [code for code in rooms if all(fulfils(code, wish) for wish in wishes if wish.endswith(PROMISED))]
    return sorted(kept, key=lambda code: -sum(fulfils(code, wish) for wish in wishes))


def _fulfils(room: Room, wish: str, floors: Sequence[int], neighbouring: Sequence[Room]) -> bool:
    match wish:
        case "floor-high":
            return room.floor == max(floors)
        case "floor-low":
            return room.floor == min(floors)
        case "connecting":
            return bool(room.connects)
        case "bed-twin" | "bed-double" | "accessible":
            return wish in room.features
        case _:
            return any(other.floor == room.floor or other.code in room.connects for other in neighbouring)


def together(hotel: Property, free: Sequence[str], wanted: int) -> list[str]:
    """Choose the first free rooms that are joined by inner doors, when there are enough of them; else none."""
    for first in free:
        joined = [first]
        for code in joined:
            joined += [
                other for room in hotel.doors(code) for other in room.connects if other in free and other not in joined
            ]  # fmt: skip
        if len(joined) >= wanted:
            return joined[:wanted]
    return []
