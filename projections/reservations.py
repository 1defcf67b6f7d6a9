"""Reservations in PostgreSQL: one document each, what pages and the API show. The guest's details stay sealed in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.reservation import Reservation
from ledger import packed
from ledger.event import Event, Recorded
from ledger.log import Connection
from ledger.money import Money
from projections.kept import Kept
from projections.postgres_model import PostgresModel, Table

NAME = "reservations"
LOOKS_AT = frozenset({"reservation", "payment", "notification"})
TABLES = (Table("reservations", "reservation_id", "document"),)


class PaymentRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One payment as people see it. `state` is requested, open, failed_try, capturing, captured, voided or refunded."""

    payment_id: UUID
    purpose: str
    amount: Money
    state: str
    at: datetime
    url: str = ""
    failure: str = ""
    refunded: Money | None = None
    returning: Money | None = None
    """All that was asked to go back, done or not; `refunded` is what the provider has sent."""


class Fact(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of the timeline: the topic of what happened, when, and by whom."""

    at: datetime
    topic: str
    position: int
    actor: str
    note: str = ""


class ReservationDocument(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All about one reservation. `held` is the event that made it: stays, prices, policies, sealed guest."""

    held: Reservation.Held
    state: str
    payments: list[PaymentRow] = []
    timeline: list[Fact] = []
    fee: Money | None = None
    refund: Money | None = None
    erased_at: datetime | None = None
    """When it was decided to forget the guest."""


class Reservations:
    """Keeps the documents of one property."""

    def __init__(self, model: PostgresModel) -> None:
        self.model = model
        self.name = NAME
        self._kept = Kept[ReservationDocument]()

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`."""
        known = self._kept.lend(generation, before)
        touched = {subject for recorded in batch if (subject := reservation_of(recorded)) is not None}
        begun = {recorded.stream for recorded in batch if isinstance(recorded.event, Reservation.Held)}
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            missing = [subject for subject in touched if subject not in begun and subject not in known]
            known |= await self._read(connection, generation, missing)
            for recorded in batch:
                fold(known, recorded)
            await self._write(connection, generation, {subject: known[subject] for subject in touched})
        self._kept.keep(generation, after, known, touched)
        return True

    async def _read(
        self, connection: Connection, generation: int, subjects: Collection[UUID]
    ) -> dict[UUID, ReservationDocument]:
        if not subjects:
            return {}
        found = await connection.execute(
            self.model.statement(
                "SELECT reservation_id, document::text FROM {schema}.reservations"
                " WHERE generation = %s AND reservation_id = ANY(%s)"
            ),
            [generation, packed.uuids(subjects)],
        )
        return {subject: read_document(document) for subject, document in await found.fetchall()}

    async def _write(self, connection: Connection, generation: int, documents: dict[UUID, ReservationDocument]) -> None:
        if not documents:
            return
        stays = [document.held.stays for document in documents.values()]
        await connection.execute(
            self.model.statement(
                "INSERT INTO {schema}.reservations"
                " SELECT %s, id, state, code, arrival, departure, convert_from(document, 'UTF8')::jsonb"
                " FROM unnest(%s, %s, %s, %s, %s, %s) AS written(id, state, code, arrival, departure, document)"
                " ON CONFLICT (generation, reservation_id) DO UPDATE SET state = excluded.state, document = excluded.document"
            ),
            [
                generation,
                packed.uuids(documents),
                packed.texts(document.state for document in documents.values()),
                packed.texts(document.held.confirmation_code for document in documents.values()),
                packed.dates(min(stay.dates.arrival for stay in each) for each in stays),
                packed.dates(max(stay.dates.departure for stay in each) for each in stays),
                packed.blobs(msgspec.json.encode(document) for document in documents.values()),
            ],
            prepare=True,
        )


def read_document(text: str) -> ReservationDocument:
    """Read a stored document."""
    return msgspec.json.decode(text, type=ReservationDocument)


def reservation_of(recorded: Recorded) -> UUID | None:
    """Name the reservation that an event is about, if it is about one."""
    event = recorded.event
    if event.topic.startswith("reservation."):
        return recorded.stream
    if event.topic.startswith(("payment.", "notification.")):
        subject: UUID = event.reservation_id  # type: ignore[attr-defined]  # all events of these two aggregates name it
        return subject
    return None


def payments_of(events: Iterable[Recorded]) -> list[UUID]:
    """Name the payments that were started for a reservation, out of its own events."""
    return [recorded.event.payment_id for recorded in events if isinstance(recorded.event, Reservation.PaymentAsked)]


def fold(documents: dict[UUID, ReservationDocument], recorded: Recorded) -> None:
    """Take one event over into the documents."""
    subject = reservation_of(recorded)
    if subject is None:
        return
    event = recorded.event
    if isinstance(event, Reservation.Held):
        documents[subject] = ReservationDocument(held=event, state="held")
    document = documents[subject]
    if isinstance(event, Reservation.GuestErased):
        document.erased_at = recorded.occurred_at
    _fold_reservation(document, event)
    _fold_payment(document, recorded)
    if not isinstance(event, Payment.Poked | Payment.StepFailed | Notification.SendingStarted | Notification.NotTaken):
        document.timeline.append(
            Fact(
                at=recorded.occurred_at, topic=event.topic, position=recorded.position, actor=recorded.actor, note=_note(event)
            )
        )


def _note(event: Event) -> str:
    match event:
        case Notification.Asked(kind=kind):
            return kind
        case Payment.TryFailed(code=code):
            return code
        case Reservation.VendorForgot(vendor=vendor):
            return vendor
        case Reservation.Cancelled(reason=reason) | Payment.RefundFailed(reason=reason) | Payment.Lost(reason=reason):
            return reason
        case _:
            return ""


def _fold_reservation(document: ReservationDocument, event: Event) -> None:
    match event:
        case Reservation.Confirmed():
            document.state = "confirmed"
        case Reservation.Cancelled():
            document.state, document.fee, document.refund = "cancelled", event.fee, event.refund
        case Reservation.Expired():
            document.state = "expired"
        case Reservation.Abandoned():
            document.state = "abandoned"


def _fold_payment(document: ReservationDocument, recorded: Recorded) -> None:
    event = recorded.event
    if isinstance(event, Payment.Requested):
        document.payments.append(
            PaymentRow(
                payment_id=recorded.stream,
                purpose=event.purpose,
                amount=event.amount,
                state="requested",
                at=recorded.occurred_at,
            )
        )
    row = next((row for row in document.payments if row.payment_id == recorded.stream), None)
    if row is None or isinstance(event, Payment.Poked):
        return
    row.at = recorded.occurred_at
    match event:
        case Payment.VehicleMade():
            row.url = event.url
        case Payment.TryFailed():
            row.failure = event.code
        case Payment.RefundAsked():
            row.returning = _more(row.returning, event.amount)
        case Payment.Refunded():
            row.refunded = _more(row.refunded, event.amount)
    row.state = _payment_state(row.state, event)


def _more(before: Money | None, amount: Money) -> Money:
    return amount if before is None else before + amount


def _payment_state(before: str, event: Event) -> str:
    """Say what a payment is called after an event: while one more refund is under way, or one failed, that is said."""
    if isinstance(event, Payment.Refunded):
        if before == "refund_failed":
            return before
        return "refunding" if event.pending else "refunded"
    return PAYMENT_STATES.get(event.topic, before)


PAYMENT_STATES = {
    Payment.VehicleMade.topic: "open",
    Payment.TryFailed.topic: "failed_try",
    Payment.Authorised.topic: "authorised",
    Payment.CaptureAsked.topic: "capturing",
    Payment.Captured.topic: "captured",
    Payment.VoidAsked.topic: "voiding",
    Payment.Closed.topic: "voided",
    Payment.RefundAsked.topic: "refunding",
    Payment.RefundFailed.topic: "refund_failed",
    Payment.Lost.topic: "lost",
}
"""What a payment is called after each event."""
