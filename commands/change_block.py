"""Change a group's block or its terms: more rooms, fewer rooms, another cutoff, a longer option, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from msgspec.structs import replace
from pydantic import AwareDatetime, Field

from aggregates.group import Block, Group, Terms, joined
from aggregates.property import Definition, Property
from commands.foreseen import Foreseen
from commands.group_block import (
    MOST_LINES,
    BlockWish,
    check_terms,
    check_wishes,
    given_back,
    opened,
    release_moment,
    streams_of_blocks,
    streams_of_types,
    take,
)
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream


class ChangeBlock(Command):
    """Set how many rooms of a type the block has on each night of each wish, and the terms that are named.

    Rooms already picked up are not counted. `expected_version` is the one that was shown.
    """

    group_id: UUID
    blocks: Annotated[tuple[BlockWish, ...], Field(max_length=MOST_LINES)] = ()
    cutoff: date | None = None
    option_until: AwareDatetime | None = None
    elastic: bool | None = None
    attrition_percent: int | None = Field(default=None, ge=0, le=100)
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the group, the room-nights of its block and those that it could take."""
    command, code = envelope.asks(ChangeBlock), envelope.property_code
    yield property_stream(code)
    yield command.group_id
    yield from streams_of_blocks(code, known.get(Group, command.group_id).blocks())
    hotel = known.get(Property, property_stream(code))
    yield from streams_of_types(code, hotel, [(wish.room_type, wish.dates) for wish in command.blocks])


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Change it. Refusals in order: state, version, block, cutoff, option, rooms."""
    command, code = envelope.asks(ChangeBlock), envelope.property_code
    definition = opened(known, code)
    group = known.get(Group, command.group_id)
    group.must_be_live()
    group.must_stand_at(known.version(command.group_id), command.expected_version)
    hotel = known.get(Property, property_stream(code))
    check_wishes(hotel, command.blocks, local_date(now, definition.time_zone))
    foreseen = Foreseen(known)
    _change_terms(command, group, definition, foreseen, now)
    fewer = _fewer(group, command.blocks)
    if fewer:
        foreseen.happen(given_back(code, command.group_id, fewer, foreseen))
        foreseen.happen([Change(command.group_id, Group.RoomsReleased(blocks=fewer, reason="reduced"))])
    more = take(code, command.group_id, list(_more(group, command.blocks)), foreseen, now)
    if more:
        foreseen.happen([Change(command.group_id, Group.RoomsBlocked(blocks=tuple(more)))])
    return Decision(
        changes=foreseen.changes,
        guards=(property_stream(code),),
        answer={
            "group_id": command.group_id,
            "state": group.state,
            "room_nights_added": sum(block.dates.nights for block in more),
            "room_nights_released": sum(block.dates.nights for block in fewer),
        },
    )


def _change_terms(command: ChangeBlock, group: Group, definition: Definition, foreseen: Foreseen, now: datetime) -> None:
    """Write other terms when they are others, and check those that hold when rooms are added."""
    before = group.must_be_live()
    asked = {
        name: value
        for name in ("cutoff", "option_until", "elastic", "attrition_percent")
        if (value := getattr(command, name)) is not None
    }
    if "option_until" in asked and group.state == "definite":
        raise Group.Definite("This group is confirmed, so its option has no end: leave option_until out.")
    terms: Terms = replace(before, **asked)
    terms = replace(terms, release_at=release_moment(definition, terms.cutoff))
    first = min(
        [night for _, night in group.nights] + [wish.arrival for wish in command.blocks if wish.rooms], default=terms.cutoff
    )
    if command.cutoff is not None or command.option_until is not None or any(_more(group, command.blocks)):
        check_terms(cutoff=terms.cutoff, release_at=terms.release_at, option_until=terms.option_until, first=first, now=now)
    if terms != before:
        foreseen.happen([Change(command.group_id, Group.TermsChanged(terms=terms))])


def _wanted(wishes: Iterable[BlockWish]) -> Counter[tuple[str, date]]:
    """Say how many rooms each (type, night) is to have; of two wishes for the same one the sum."""
    wanted: Counter[tuple[str, date]] = Counter()
    for wish in wishes:
        for night in wish.dates:
            wanted[wish.room_type, night] += wish.rooms
    return wanted


def _fewer(group: Group, wishes: Iterable[BlockWish]) -> tuple[Block, ...]:
    """Choose the rooms that leave the block: those that the group has for the fewest nights, so that whole rooms stay."""
    nights_of_room = Counter(room for room, _ in group.nights)
    gone: dict[tuple[str, date], str] = {}
    for (room_type, night), rooms in _wanted(wishes).items():
        there = [room for (room, at), kind in group.nights.items() if (kind, at) == (room_type, night)]
        there.sort(key=lambda room: (-nights_of_room[room], room))
        gone |= {(room, night): room_type for room in there[rooms:]}
    return joined(gone)


def _more(group: Group, wishes: Iterable[BlockWish]) -> Iterator[BlockWish]:
    """Say which rooms are missing, as few and as long runs of nights as there can be."""
    have = group.counts()
    missing = {key: rooms - have[key] for key, rooms in _wanted(wishes).items() if rooms > have[key]}
    while missing:
        room_type, first = min(missing)
        last = first
        while (room_type, last + timedelta(days=1)) in missing:
            last += timedelta(days=1)
        run = [(room_type, date.fromordinal(day)) for day in range(first.toordinal(), last.toordinal() + 1)]
        rooms = min(missing[key] for key in run)
        yield BlockWish(room_type=room_type, arrival=first, departure=last + timedelta(days=1), rooms=rooms)
        missing = {key: left for key, count in missing.items() if (left := count - rooms * (key in run))}


HANDLER = Handler(reads, decide)
