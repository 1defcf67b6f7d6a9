"""Cancel a group: its block goes back in one commit. Reservations that its guests have already stay, and are counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.group import CancellationReason, Group
from commands.group_block import given_back, streams_of_blocks
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class CancelGroup(Command):
    """Cancel for a coded reason. `expected_version` is the one that was shown."""

    group_id: UUID
    reason: CancellationReason = "other"
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the group and the room-nights of its block."""
    group_id = envelope.asks(CancelGroup).group_id
    yield group_id
    yield from streams_of_blocks(envelope.property_code, known.get(Group, group_id).blocks())


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Cancel it. Raises Group.Unknown, NotLive, ChangedSince."""
    command = envelope.asks(CancelGroup)
    group = known.get(Group, command.group_id)
    group.must_be_live()
    group.must_stand_at(known.version(command.group_id), command.expected_version)
    blocks = group.blocks()
    changes = [Change(command.group_id, event) for event in group.cancel(command.reason)]
    changes += given_back(envelope.property_code, command.group_id, blocks, known)
    return Decision(
        changes=changes,
        answer={
            "group_id": command.group_id,
            "state": "cancelled",
            "room_nights_released": sum(block.dates.nights for block in blocks),
        },
    )


HANDLER = Handler(reads, decide)
