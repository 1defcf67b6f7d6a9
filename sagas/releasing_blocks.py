"""A block whose cutoff has passed, or an option that nobody confirmed, gives back what was not picked up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.group import Group
from commands.dispatch import Dispatch
from commands.release_block import ReleaseBlock
from ledger.event import Recorded
from ledger.ids import saga_command_id
from ledger.refusal import Refusal, code_of
from queries.streams import Streams
from sagas.because import because_of

RULE = "releasing_blocks"
LOOK_AGAIN_SECONDS = 5


def react(events: Iterable[Recorded], now: datetime) -> tuple[ReleaseBlock, Recorded] | None:
    """Say which release is due and because of what: the end of an option, or of the cutoff day. Pure."""
    agreed: Recorded | None = None
    for recorded in events:
        match recorded.event:
            case Group.Opened() | Group.TermsChanged() | Group.Confirmed():
                agreed = recorded
            case Group.RoomsReleased(reason="cutoff") | Group.Expired() | Group.Cancelled():
                agreed = None
    if agreed is None:
        return None
    assert isinstance(agreed.event, Group.Opened | Group.TermsChanged | Group.Confirmed)  # noqa: S101 - set above
    option_until = agreed.event.terms.option_until
    over = option_until is not None and option_until <= now
    return ReleaseBlock(group_id=agreed.stream, reason="option" if over else "cutoff"), agreed


async def advance(dispatch: Dispatch, streams: Streams, group_id: UUID, attempt: int) -> int | None:
    """Release the block; give the seconds after which to try again, or nothing when events settle the matter."""
    due = react(await streams.read([group_id]), dispatch.now)
    if due is None:
        return None
    command, cause = due
    try:
        await dispatch(command, because_of(cause, saga_command_id(RULE, group_id, f"{cause.position}/{attempt}"), RULE))
    except Refusal as refusal:
        return LOOK_AGAIN_SECONDS if code_of(refusal) == "group.not_due" else None
    return None
