"""How a saga asks: on its own name, because of one event, and in the conversation that the event belongs to."""

from __future__ import annotations

from uuid import UUID

from commands.dispatch import Asked
from ledger.command import Urgency
from ledger.event import Recorded


def because_of(cause: Recorded, command_id: UUID, rule: str) -> Asked:
    """Say who asks and why: `rule`, because of `cause`, which a person or a vendor began under its correlation id."""
    return Asked(
        command_id=command_id,
        actor=f"saga:{rule}",
        correlation_id=cause.correlation_id,
        cause_position=cause.position,
        urgency=Urgency.PROMISED,
    )
