"""What is due: for each rule of the sagas, which subject needs a step and when. The sweeper and the workers live on it.

Rows are set and removed by events alone; a worker only leases a row while it works and puts off what has to wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from aggregates.group import Group
from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.waitlist import Waitlist
from ledger import packed
from ledger.event import Recorded
from ledger.log import Connection
from projections.postgres_model import PostgresModel, Table

NAME = "due"
LOOKS_AT = frozenset({"reservation", "payment", "notification", "group", "waitlist"})
TABLES = (Table("due", "rule || ' ' || subject", "position"),)
REMIND_AFTER = timedelta(seconds=180)
"""A guest who has not paid by then gets a mail with the way to pay."""
LOOK_AFTER = timedelta(seconds=30)
"""An open checkout page is looked at after so long, even when no webhook came."""
REPORT_AFTER = timedelta(seconds=120)
"""A mail that was sent should have been reported delivered by then."""
EVERYBODY = UUID(int=0)
"""The subject of steps that are about the property's one waitlist."""
FREES_ROOMS = (
    Reservation.Expired, Reservation.Abandoned, Reservation.Cancelled, Reservation.StayCancelled, Reservation.StayChanged,
    Reservation.StayMoved, Reservation.StayNoShow, Reservation.StayCheckedOut, Group.RoomsReleased, Group.PickedUp,
)  # fmt: skip
"""What may have made rooms free: the waitlist is looked through, when somebody waits."""


class Due(Struct, frozen=True):
    """A step of `rule` for `subject` at `due_at`, or, without it, an end to all that events up to `position` made due.

    One that only `wakes` makes a row due that is there already, and no other.
    """

    rule: str
    subject: UUID
    due_at: datetime | None
    position: int
    wakes: bool = False


class Lease(Struct, frozen=True):
    """A row that a worker has to itself for a while; `tries` counts how often it was leased without an event."""

    rule: str
    subject: UUID
    position: int
    tries: int


END = (
    "DELETE FROM {schema}.due USING unnest(%s, %s, %s) AS over(rule, subject, position)"
    " WHERE generation = %s AND due.rule = over.rule AND due.subject = over.subject AND due.position <= over.position"
)
SET = (
    "INSERT INTO {schema}.due (generation, rule, subject, position, due_at) SELECT %s, * FROM unnest(%s, %s, %s, %s)"
    " ON CONFLICT (generation, rule, subject)"
    " DO UPDATE SET due_at = excluded.due_at, tries = 0, position = excluded.position"
)

WAKE = (
    "UPDATE {schema}.due SET due_at = least(due.due_at, woken.due_at), tries = 0, position = woken.position"
    " FROM unnest(%s, %s, %s, %s) AS woken(rule, subject, position, due_at)"
    " WHERE generation = %s AND due.rule = woken.rule AND due.subject = woken.subject AND due.position < woken.position"
)


class DueList:
    """Keeps the due rows of one property."""

    def __init__(self, model: PostgresModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`."""
        rows = _newest(batch)
        live = [due for due in rows.values() if due.due_at is not None and not due.wakes]
        woken = [due for due in rows.values() if due.wakes]
        over = [due for due in rows.values() if due.due_at is None]
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            if over:
                await connection.execute(self.model.statement(END), [*_columns(over), generation], prepare=True)
            if live:
                times = packed.instants(due.due_at for due in live if due.due_at is not None)
                await connection.execute(self.model.statement(SET), [generation, *_columns(live), times], prepare=True)
            if woken:
                times = packed.instants(due.due_at for due in woken if due.due_at is not None)
                await connection.execute(self.model.statement(WAKE), [*_columns(woken), times, generation], prepare=True)
        return True

    async def overdue(self, connection: Connection, now: datetime, limit: int) -> list[tuple[str, UUID]]:
        """List (rule, subject) of what should have been done by `now`, the longest overdue first."""
        found = await connection.execute(
            self.model.statement(
                "SELECT rule, subject FROM {schema}.due WHERE generation = %s AND due_at <= %s ORDER BY due_at LIMIT %s"
            ),
            [await self.model.live(connection), now, limit],
        )
        return [(rule, subject) for rule, subject in await found.fetchall()]

    async def lease(self, connection: Connection, rule: str, subject: UUID, now: datetime, until: datetime) -> Lease | None:
        """Take a due row for one worker until a moment, or nothing when it is not due or another has it."""
        found = await connection.execute(
            self.model.statement(
                "UPDATE {schema}.due SET due_at = %s, tries = tries + 1"
                " WHERE generation = %s AND rule = %s AND subject = %s AND due_at <= %s RETURNING position, tries"
            ),
            [until, await self.model.live(connection), rule, subject, now],
        )
        row = await found.fetchone()
        return Lease(rule, subject, *row) if row else None

    async def put_off(self, connection: Connection, lease: Lease, due_at: datetime) -> None:
        """Let a leased row be due later, unless an event has set it anew or another worker has leased it meanwhile."""
        await connection.execute(
            self.model.statement(
                "UPDATE {schema}.due SET due_at = %s"
                " WHERE generation = %s AND rule = %s AND subject = %s AND position = %s AND tries = %s"
            ),
            [due_at, await self.model.live(connection), lease.rule, lease.subject, lease.position, lease.tries],
        )


def _columns(rows: Sequence[Due]) -> tuple[packed.Packed, packed.Packed, packed.Packed]:
    return (
        packed.texts(due.rule for due in rows),
        packed.uuids(due.subject for due in rows),
        packed.bigints(due.position for due in rows),
    )


def _newest(batch: Sequence[Recorded]) -> dict[tuple[str, UUID, bool], Due]:
    """Keep the last word on each row; an answer to an earlier event does not end what a later one made due."""
    rows: dict[tuple[str, UUID, bool], Due] = {}
    for recorded in batch:
        for due in what_is_due(recorded):
            before = rows.get((due.rule, due.subject, due.wakes))
            if before is None or due.position >= before.position:
                rows[due.rule, due.subject, due.wakes] = due
    return rows


def what_is_due(recorded: Recorded) -> Iterator[Due]:
    """Say which steps an event makes due, or makes needless."""
    event = recorded.event
    if isinstance(event, FREES_ROOMS):
        yield Due("offering_waitlist", EVERYBODY, recorded.occurred_at, recorded.position, wakes=True)
    if event.topic.startswith("reservation."):
        yield from _of_reservation(recorded)
    elif event.topic.startswith("payment."):
        yield from _of_payment(recorded)
    elif event.topic.startswith("notification."):
        yield from _of_notification(recorded)
    elif event.topic.startswith("group."):
        yield from _of_group(recorded)
    elif event.topic.startswith("waitlist."):
        yield from _of_waitlist(recorded)


def _of_reservation(recorded: Recorded) -> Iterator[Due]:
    subject, position, now = recorded.stream, recorded.position, recorded.occurred_at
    match recorded.event:
        case Reservation.Held(held_until=held_until, channel=channel):
            yield Due("expiring_holds", subject, held_until, position)
            yield Due("telling_guest", subject, now if channel == "waitlist" else now + REMIND_AFTER, position)
        case Reservation.Confirmed() | Reservation.Expired():
            yield Due("expiring_holds", subject, None, position)
            yield Due("telling_guest", subject, now, position)
        case Reservation.Cancelled() | Reservation.StayChanged() | Reservation.StayCancelled() | Reservation.StayReinstated():
            yield Due("telling_guest", subject, now, position)
        case Reservation.Abandoned():
            yield Due("expiring_holds", subject, None, position)
            yield Due("telling_guest", subject, None, position)
        case Reservation.GuestErased():
            yield Due("forgetting", subject, now, position)
        case Reservation.VendorForgot(left=left):
            yield Due("forgetting", subject, now if left else None, position)


def _of_payment(recorded: Recorded) -> Iterator[Due]:
    subject, position, now = recorded.stream, recorded.position, recorded.occurred_at
    match recorded.event:
        case Payment.Requested() | Payment.Poked() | Payment.CaptureAsked() | Payment.VoidAsked() | Payment.RefundAsked():
            yield Due("paying", subject, now, position)
        case Payment.StepFailed(attempt=attempt):
            yield Due("paying", subject, now + timedelta(seconds=min(2**attempt, 600)), position)
        case Payment.VehicleMade() | Payment.TryFailed():
            yield Due("paying", subject, now + LOOK_AFTER, position)
        case Payment.Captured(reservation_id=reservation_id, purpose=purpose):
            yield Due("paying", subject, None, position)
            if purpose != "deposit":  # a deposit is told of by the confirmation
                yield Due("telling_guest", reservation_id, now, position)
        case Payment.Closed() | Payment.Lost():
            yield Due("paying", subject, None, position)
        case Payment.RefundFailed(pending=pending):
            yield Due("paying", subject, now if pending else None, position)
        case Payment.Refunded(reservation_id=reservation_id, pending=pending):
            yield Due("paying", subject, now if pending else None, position)
            yield Due("telling_guest", reservation_id, now, position)


def _of_notification(recorded: Recorded) -> Iterator[Due]:
    subject, position, now = recorded.stream, recorded.position, recorded.occurred_at
    match recorded.event:
        case Notification.Asked(reservation_id=reservation_id, cause=cause):
            yield Due("mailing", subject, now, position)
            yield Due("telling_guest", reservation_id, None, cause)
        case Notification.NotTaken(attempt=attempt):
            yield Due("mailing", subject, now + timedelta(seconds=min(4**attempt, 3600)), position)
        case Notification.SendingStarted():
            yield Due("mailing", subject, now + REPORT_AFTER, position)
        case Notification.Sent() | Notification.Delivered() | Notification.Failed():
            yield Due("mailing", subject, None, position)


def _of_group(recorded: Recorded) -> Iterator[Due]:
    subject, position = recorded.stream, recorded.position
    match recorded.event:
        case Group.Opened(terms=terms) | Group.TermsChanged(terms=terms) | Group.Confirmed(terms=terms):
            yield Due("releasing_blocks", subject, min(terms.release_at, terms.option_until or terms.release_at), position)
        case Group.RoomsReleased(reason="cutoff") | Group.Expired() | Group.Cancelled():
            yield Due("releasing_blocks", subject, None, position)


def _of_waitlist(recorded: Recorded) -> Iterator[Due]:
    position, now = recorded.position, recorded.occurred_at
    match recorded.event:
        case Waitlist.Joined():
            yield Due("offering_waitlist", EVERYBODY, now, position)
        case Waitlist.Offered(waiting=waiting) | Waitlist.Left(waiting=waiting):
            yield Due("offering_waitlist", EVERYBODY, now if waiting else None, position)
