"""Open a group: set rooms aside for it, all or none, until they are picked up, the cutoff passes or the option ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from aggregates.group import Group, Terms
from aggregates.property import Property
from aggregates.rates import Rates
from commands.foreseen import Foreseen
from commands.group_block import (
    MOST_LINES,
    BlockWish,
    check_terms,
    check_wishes,
    release_moment,
    streams_of_types,
    take,
)
from commands.typed_text import Code, Name
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream, rates_stream
from ledger.refusal import IdReused


class OpenGroup(Command):
    """Open a group with its block. Without `option_until` it is definite at once; `name` is an event's or a company's.

    A group without `blocks` must be `elastic`: it books what is free.
    """

    name: Name
    rate_plan: Code
    cutoff: date
    blocks: Annotated[tuple[BlockWish, ...], Field(max_length=MOST_LINES)] = ()
    option_until: AwareDatetime | None = None
    elastic: bool = False
    attrition_percent: int = Field(default=0, ge=0, le=100)


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the tariff, the group to be, and every room-night that the block could take."""
    command, code = envelope.asks(OpenGroup), envelope.property_code
    yield property_stream(code)
    yield rates_stream(code)
    yield made_by(envelope.command_id, "group")
    hotel = known.get(Property, property_stream(code))
    yield from streams_of_types(code, hotel, [(wish.room_type, wish.dates) for wish in command.blocks])


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Open it. Refusals in order: block, cutoff, option, tariff, rooms."""
    command, code = envelope.asks(OpenGroup), envelope.property_code
    hotel = known.get(Property, property_stream(code))
    definition = hotel.opened()
    today = local_date(now, definition.time_zone)
    check_wishes(hotel, command.blocks, today)
    release_at = release_moment(definition, command.cutoff)
    first = min((wish.arrival for wish in command.blocks), default=command.cutoff)
    check_terms(
        cutoff=command.cutoff, release_at=release_at, option_until=command.option_until, first=first, now=now
    )  # fmt: skip
    _check_plan(known.get(Rates, rates_stream(code)), command.rate_plan)
    group_id = made_by(envelope.command_id, "group")
    _check_is_new(known.get(Group, group_id))
    terms = Terms(
        cutoff=command.cutoff, release_at=release_at, option_until=command.option_until, elastic=command.elastic,
        attrition_percent=command.attrition_percent,
    )  # fmt: skip
    foreseen = Foreseen(known)
    foreseen.happen(
        [Change(group_id, Group.Opened(name=command.name, rate_plan=command.rate_plan, terms=terms, opened_on=today))]
    )
    if command.option_until is None:
        foreseen.happen([Change(group_id, Group.Confirmed(terms=terms))])
    blocks = take(code, group_id, command.blocks, foreseen, now)
    if blocks:
        foreseen.happen([Change(group_id, Group.RoomsBlocked(blocks=tuple(blocks)))])
    return Decision(
        changes=foreseen.changes,
        guards=(property_stream(code), rates_stream(code)),
        answer={
            "group_id": group_id,
            "state": foreseen.get(Group, group_id).state,
            "release_at": release_at,
            "room_nights": sum(block.dates.nights for block in blocks),
        },
    )


def _check_plan(rates: Rates, rate_plan: str) -> None:
    plans = [plan.code for plan in rates.in_force().plans]
    if rate_plan not in plans:
        raise Rates.PlanUnknown(f"There is no rate plan {rate_plan!r}: choose one of {', '.join(plans)}.")


def _check_is_new(group: Group) -> None:
    """Ids come from the command's: once its outcome is forgotten, the same one would write to the old group."""
    if group.state != "none":
        raise IdReused("This Idempotency-Key opened a group before: look at that group, or send a new key for a new one.")


HANDLER = Handler(reads, decide)
