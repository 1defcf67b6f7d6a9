"""Release what nobody has picked up of a block: at the cutoff, at the end of an option, or because the hotel says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from aggregates.group import Group
from commands.group_block import given_back, streams_of_blocks
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class ReleaseBlock(Command):
    """Give the rest of a block back. `cutoff` and `option` are refused before their time. `expected_version` was shown."""

    group_id: UUID
    reason: Literal["cutoff", "option", "staff"] = "staff"
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the group and the room-nights of its block."""
    group_id = envelope.asks(ReleaseBlock).group_id
    yield group_id
    yield from streams_of_blocks(envelope.property_code, known.get(Group, group_id).blocks())


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Release it. Raises Group.Unknown, NotLive, ChangedSince, NotDue."""
    command = envelope.asks(ReleaseBlock)
    group = known.get(Group, command.group_id)
    group.must_be_live()
    group.must_stand_at(known.version(command.group_id), command.expected_version)
    blocks = group.blocks()
    changes = [Change(command.group_id, event) for event in group.release(command.reason, now)]
    changes += given_back(envelope.property_code, command.group_id, blocks, known)
    return Decision(
        changes=changes,
        answer={
            "group_id": command.group_id,
            "state": "expired" if command.reason == "option" else group.state,
            "room_nights_released": sum(block.dates.nights for block in blocks),
        },
    )


HANDLER = Handler(reads, decide)
