"""Confirm a tentative group: its option has no end any more, and its guests may be named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.group import Group
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class ConfirmGroup(Command):
    """Make a group definite. `expected_version` is the one that was shown."""

    group_id: UUID
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the group."""
    return [envelope.asks(ConfirmGroup).group_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Confirm it. An option that is over counts until somebody has released it. Raises Group.Unknown, NotLive, Definite."""
    command = envelope.asks(ConfirmGroup)
    group = known.get(Group, command.group_id)
    group.must_be_live()
    group.must_stand_at(known.version(command.group_id), command.expected_version)
    return Decision(
        changes=[Change(command.group_id, group.confirm())], answer={"group_id": command.group_id, "state": "definite"}
    )


HANDLER = Handler(reads, decide)
