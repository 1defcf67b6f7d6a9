"""A group's block as its commands see it: what is asked for, the checks that they share, room-nights taken and given back.

The room-nights are the truth about who has them; the group's own events, written in the same commit, say which are its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from aggregates.group import Block
from aggregates.property import Definition, Property
from aggregates.room_night import RoomNight, UnblockReason
from commands.foreseen import Foreseen, find_foreseen
from commands.typed_text import Code
from ledger.command import Change, Known
from ledger.ids import doors_of, property_stream, room_night_stream
from ledger.refusal import Refusal
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

MOST_LINES = 50
MOST_ROOMS = 2_000
Line = Annotated[int, Field(ge=0, le=MOST_ROOMS)]


class BlockWish(BaseModel):
    """So many rooms of a type for every night from `arrival` up to, not including, `departure`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    room_type: Code
    arrival: date
    departure: date
    rooms: Line

    @property
    def dates(self) -> StayDates:
        """The nights."""
        return StayDates(self.arrival, self.departure)


class LargerThanHouse(Refusal):
    """More rooms are asked for than the house has."""

    code = "group.larger_than_house"
    field = "rooms"


class NoRooms(Refusal):
    """Too few rooms are free for the block."""

    code = "group.sold_out"
    field = "rooms"


class CutoffAfterArrival(Refusal):
    """The block would be released after its first guests arrive."""

    code = "group.cutoff_after_arrival"
    field = "cutoff"


class CutoffPast(Refusal):
    """The cutoff lies in the past."""

    code = "group.cutoff_past"
    field = "cutoff"


class OptionOver(Refusal):
    """The option would end before it begins, or after the cutoff."""

    code = "group.option_out_of_range"
    field = "option_until"


def streams_of_types(code: str, hotel: Property, wishes: Iterable[tuple[str, StayDates]]) -> Iterator[UUID]:
    """Name the room-nights of all rooms of the types asked for, on the nights asked for."""
    for room_type, dates in wishes:
        if 0 < dates.nights <= LONGEST_STAY_NIGHTS:
            for room in hotel.rooms_of(room_type):
                yield from (stream for stream, _, _ in each_night(code, room, dates))


def check_wishes(hotel: Property, wishes: Sequence[BlockWish], today: date) -> None:
    """Raises RoomTypeUnknown, refusals of dates, LargerThanHouse."""
    wanted: Counter[tuple[str, date]] = Counter()
    for wish in wishes:
        hotel.welcome(wish.room_type, 1, 0)
        wish.dates.check(today)
        for night in wish.dates:
            wanted[wish.room_type, night] += wish.rooms
    for (room_type, night), rooms in sorted(wanted.items()):
        there = len(hotel.rooms_of(room_type))
        if rooms > there:
            raise LargerThanHouse(
                f"{rooms} rooms of type {room_type} are asked for on {night}, and the house has {there}:"
                " ask for fewer, or add another room type.",
                room_type=room_type,
                rooms=there,
            )


def release_moment(definition: Definition, cutoff: date) -> datetime:
    """Give the moment at which a cutoff takes effect: the end of that day at the hotel, in UTC."""
    return datetime.combine(cutoff + timedelta(days=1), time(), ZoneInfo(definition.time_zone)).astimezone(UTC)


def check_terms(*, cutoff: date, release_at: datetime, option_until: datetime | None, first: date, now: datetime) -> None:
    """Check when a block goes back. `first`: its first night. Raises CutoffPast, CutoffAfterArrival, OptionOver."""
    if release_at <= now:
        raise CutoffPast("The cutoff is over: choose today or a later day.")
    if cutoff > first:
        raise CutoffAfterArrival(
            f"The cutoff is after the first arrival: choose {first} at the latest.", latest=first.isoformat()
        )
    if option_until is not None and not now < option_until <= release_at:
        raise OptionOver(
            f"An option must end after now and no later than the cutoff, {release_at.isoformat()}: choose a time between.",
            latest=release_at.isoformat(),
        )


def take(code: str, group_id: UUID, wishes: Sequence[BlockWish], foreseen: Foreseen, now: datetime) -> list[Block]:
    """Block rooms for all wishes or refuse; the changes are added to `foreseen`. Raises NoRooms, Unread."""
    taken: list[Block] = []
    for wish in wishes:
        rooms = find_foreseen(
            foreseen, code=code, room_type=wish.room_type, dates=wish.dates, wanted=wish.rooms, now=now
        )  # fmt: skip
        if len(rooms) < wish.rooms:
            raise NoRooms(
                f"{len(rooms)} of {wish.rooms} rooms of type {wish.room_type} are free from {wish.arrival} to"
                f" {wish.departure}: take those, or other dates or types.",
                room_type=wish.room_type,
                rooms_left=len(rooms),
            )
        blocks = [Block(room_type=wish.room_type, room=room, dates=wish.dates) for room in rooms]
        for block in blocks:
            foreseen.happen(blocked(code, group_id, block, foreseen, now))
        taken += blocks
    return taken


def blocked(code: str, group_id: UUID, block: Block, known: Known, now: datetime) -> Iterator[Change]:
    """Set a room's nights aside for a group. Raises RoomNight.Taken, Unread."""
    for stream, door, night in each_night(code, block.room, block.dates):
        for event in known.get(RoomNight, stream).block(
            room=door, stay_date=night, block_id=group_id, reason="group", movable=True, now=now
        ):
            yield Change(stream, event)


def given_back(
    code: str, group_id: UUID, blocks: Iterable[Block], known: Known, reason: UnblockReason = "released"
) -> Iterator[Change]:
    """Free the nights of blocks that are still the group's. Raises Unread."""
    for block in blocks:
        for stream, door, night in each_night(code, block.room, block.dates):
            for event in known.get(RoomNight, stream).unblock(room=door, stay_date=night, block_id=group_id, reason=reason):
                yield Change(stream, event)


def each_night(code: str, room: str, dates: StayDates) -> Iterator[tuple[UUID, str, date]]:
    """Give (stream, door, night) of each of a room's nights; a room of several doors has several a night."""
    for door in doors_of(room):
        for night in dates:
            yield room_night_stream(code, door, night), door, night


def streams_of_blocks(code: str, blocks: Iterable[Block]) -> Iterator[UUID]:
    """Name the room-nights of blocks."""
    for block in blocks:
        yield from (stream for stream, _, _ in each_night(code, block.room, block.dates))


def opened(known: Known, code: str) -> Definition:
    """Give the property's definition. Raises Property.Unopened, Unread."""
    return known.get(Property, property_stream(code)).opened()
