"""Group: rooms set aside for a party that names its guests later, its block, and what became of each room-night of it.

tentative → definite; tentative → expired; tentative or definite → cancelled. The room-nights themselves say who has them;
here stands which of them are this group's, so that exactly what was not picked up is given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from ledger.event import Event
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

State = Literal["none", "tentative", "definite", "expired", "cancelled"]
ReleaseReason = Literal["cutoff", "option", "reduced", "staff", "cancelled"]
CancellationReason = Literal["change_of_plans", "found_alternative", "too_few_guests", "not_paid", "duplicate", "other"]


class Block(Struct, frozen=True, kw_only=True, gc=False):
    """One room of a block for the nights of `dates`."""

    room_type: str
    room: str
    dates: StayDates


class Terms(Struct, frozen=True, kw_only=True, gc=False):
    """What was agreed: rooms nobody has picked up by the end of the `cutoff` day go back, at `release_at` in UTC.

    A tentative group that is not confirmed by `option_until` goes back as a whole. An `elastic` block grows while rooms are
    free. `attrition_percent` of the block may stay empty without a charge.
    """

    cutoff: date
    release_at: datetime
    option_until: datetime | None
    elastic: bool
    attrition_percent: int


class Group:
    """A group or an allotment."""

    class Opened(Event, frozen=True):
        """The group exists. Its `name` is the event's or the company's, never a person's."""

        topic: ClassVar[str] = "group.opened.v1"
        name: str
        rate_plan: str
        terms: Terms
        opened_on: date

    class RoomsBlocked(Event, frozen=True):
        """These rooms are set aside for the group."""

        topic: ClassVar[str] = "group.rooms-blocked.v1"
        blocks: tuple[Block, ...]

    class RoomsReleased(Event, frozen=True):
        """These rooms of the block are free for everybody again; none when all had been picked up."""

        topic: ClassVar[str] = "group.rooms-released.v1"
        blocks: tuple[Block, ...]
        reason: ReleaseReason

    class PickedUp(Event, frozen=True):
        """A guest of the group has a reservation. `blocks` left the block for it; `beyond` are nights that it did not have."""

        topic: ClassVar[str] = "group.picked-up.v1"
        reservation_id: UUID
        blocks: tuple[Block, ...]
        beyond: tuple[Block, ...]

    class TermsChanged(Event, frozen=True):
        """Other terms were agreed."""

        topic: ClassVar[str] = "group.terms-changed.v1"
        terms: Terms

    class Confirmed(Event, frozen=True):
        """The group comes; its option is no longer limited."""

        topic: ClassVar[str] = "group.confirmed.v1"
        terms: Terms

    class Expired(Event, frozen=True):
        """The option ran out."""

        topic: ClassVar[str] = "group.expired.v1"

    class Cancelled(Event, frozen=True):
        """The group does not come; reservations that were picked up before stay as they are."""

        topic: ClassVar[str] = "group.cancelled.v1"
        reason: CancellationReason

    class Unknown(Refusal):
        code = "group.unknown"

    class NotLive(Refusal):
        code = "group.not_live"

    class Tentative(Refusal):
        code = "group.tentative"

    class Definite(Refusal):
        code = "group.definite"

    class NotDue(Refusal):
        code = "group.not_due"

    class ChangedSince(Refusal):
        code = "group.changed_since"
        field = "expected_version"

    def __init__(self) -> None:
        self.state: State = "none"
        self.name = ""
        self.rate_plan = ""
        self.terms: Terms | None = None
        self.nights: Mapping[tuple[str, date], str] = {}
        """Which (room, night) the block has now, and of which type."""

    def must_be_live(self) -> Terms:
        """Give the terms in force. Raises Unknown, NotLive."""
        if self.terms is None:
            raise Group.Unknown("There is no such group: check the id, or list the groups.")
        if self.state not in {"tentative", "definite"}:
            raise Group.NotLive(f"This group is {self.state}: open a new one.", state=self.state)
        return self.terms

    def must_stand_at(self, version: int, expected: int | None) -> None:
        """Raises ChangedSince when somebody changed the group after `expected` was read."""
        if expected is not None and expected != version:
            raise Group.ChangedSince(
                "Somebody has changed this group meanwhile: look at it again, then repeat your change.",
                version=version,
                expected_version=expected,
            )

    def must_be_definite(self) -> None:
        """Raises Unknown, NotLive, Tentative unless guests of the group may be booked."""
        self.must_be_live()
        if self.state == "tentative":
            raise Group.Tentative("This group is tentative: confirm it first, then name its guests.")

    def confirm(self) -> Event:
        """Make a tentative group definite. Raises Unknown, NotLive, Definite."""
        terms = self.must_be_live()
        if self.state == "definite":
            raise Group.Definite("This group is confirmed already: nothing is left to do.")
        return Group.Confirmed(terms=definite(terms))

    def release(self, reason: ReleaseReason, now: datetime) -> list[Event]:
        """Give back all that was not picked up. Raises Unknown, NotLive, NotDue before the cutoff or the option's end."""
        terms = self.must_be_live()
        due_at = {"cutoff": terms.release_at, "option": terms.option_until}.get(reason, now)
        if due_at is None or now < due_at:
            raise Group.NotDue("The time of this block is not over: change its cutoff, or release it by hand.")
        released = Group.RoomsReleased(blocks=self.blocks(), reason=reason)
        return [released, Group.Expired()] if reason == "option" else [released]

    def cancel(self, reason: CancellationReason) -> list[Event]:
        """Cancel the group and give its block back. Raises Unknown, NotLive."""
        self.must_be_live()
        return [Group.RoomsReleased(blocks=self.blocks(), reason="cancelled"), Group.Cancelled(reason=reason)]

    def blocks(self) -> tuple[Block, ...]:
        """List the rooms of the block as they are now, by room, runs of nights joined."""
        return joined(self.nights)

    def counts(self) -> Counter[tuple[str, date]]:
        """Count the rooms that the block still has, by (type, night)."""
        return Counter((room_type, night) for (_, night), room_type in self.nights.items())

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Group.Opened():
                self.state, self.terms = "tentative", event.terms
                self.name, self.rate_plan = event.name, event.rate_plan
            case Group.RoomsBlocked():
                self.nights = {**self.nights, **nights_of(event.blocks)}
            case Group.RoomsReleased() | Group.PickedUp():
                self.nights = without(self.nights, event.blocks)
            case Group.TermsChanged():
                self.terms = event.terms
            case Group.Confirmed():
                self.state, self.terms = "definite", event.terms
            case Group.Expired():
                self.state = "expired"
            case Group.Cancelled():
                self.state = "cancelled"


def definite(terms: Terms) -> Terms:
    """Give the terms without an option's end."""
    return Terms(
        cutoff=terms.cutoff, release_at=terms.release_at, option_until=None,
        elastic=terms.elastic, attrition_percent=terms.attrition_percent,
    )  # fmt: skip


def nights_of(blocks: Iterable[Block]) -> dict[tuple[str, date], str]:
    """Spread blocks out: type by (room, night)."""
    return {(block.room, night): block.room_type for block in blocks for night in block.dates}


def without(nights: Mapping[tuple[str, date], str], blocks: Iterable[Block]) -> dict[tuple[str, date], str]:
    """Give the nights that are not in `blocks`."""
    gone = nights_of(blocks)
    return {night: room_type for night, room_type in nights.items() if night not in gone}


def joined(nights: Mapping[tuple[str, date], str]) -> tuple[Block, ...]:
    """Write nights as blocks: nights that follow one another in a room are one."""
    blocks: list[Block] = []
    for (room, night), room_type in sorted(nights.items()):
        after = date.fromordinal(night.toordinal() + 1)
        last = blocks[-1] if blocks else None
        if last and (last.room, last.dates.departure, last.room_type) == (room, night, room_type):
            blocks[-1] = Block(room_type=room_type, room=room, dates=StayDates(last.dates.arrival, after))
        else:
            blocks.append(Block(room_type=room_type, room=room, dates=StayDates(night, after)))
    return tuple(blocks)
