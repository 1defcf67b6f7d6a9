"""A hold whose time is over gives its rooms back, and its payment is voided in the same commit."""

from __future__ import annotations

from uuid import UUID

from commands.dispatch import Dispatch
from commands.expire_hold import ExpireHold
from ledger.ids import saga_command_id
from ledger.refusal import Refusal, code_of
from queries.streams import Streams
from sagas.because import because_of

RULE = "expiring_holds"
LOOK_AGAIN_SECONDS = 5


async def advance(dispatch: Dispatch, streams: Streams, reservation_id: UUID, attempt: int) -> int | None:
    """Expire the hold; give the seconds after which to try again, or nothing when events settle the matter."""
    command_id = saga_command_id(RULE, reservation_id, str(attempt))
    held = (await streams.read([reservation_id]))[0]
    try:
        await dispatch(ExpireHold(reservation_id=reservation_id), because_of(held, command_id, RULE))
    except Refusal as refusal:
        return LOOK_AGAIN_SECONDS if code_of(refusal) == "reservation.still_held" else None
    return None
