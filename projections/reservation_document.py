"""The document of one reservation: what pages, letters and the API show, folded from its events. Pure.

It is kept in PostgreSQL by `reservations`, and folded anew from the log where nothing may be late.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.reservation import Reservation
from ledger.event import Event, Recorded
from ledger.keys import Sealed
from ledger.money import Money
from ledger.stay import StayState, state_of
from ledger.stay_dates import StayDates
from projections.stays import StayRow, fold_stays, stays_of


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


class NoteRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something noted about a reservation, or about one stay of it; sealed, and bound to the command that added it."""

    at: datetime
    actor: str
    note: Sealed
    command_id: UUID | None = None
    stay_id: UUID | None = None


class ChangeRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a stay was before it was changed, by whom and why, and how much more (or, below zero, less) it costs since."""

    at: datetime
    actor: str
    position: int
    stay_id: UUID
    reason: str
    difference: Money
    dates: StayDates
    room_type: str
    rate_plan: str
    adults: int
    children: int
    total: Money


class ReservationDocument(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All about one reservation. `held` is the event that made it, `stays` is what became of it; the guest is sealed.

    `version` is the reservation's own, which a change may insist on; `revision` counts what changed since it was booked.
    """

    held: Reservation.Held
    state: str
    stays: list[StayRow] = []
    version: int = 0
    revision: int = 0
    payments: list[PaymentRow] = []
    timeline: list[Fact] = []
    fee: Money | None = None
    refund: Money | None = None
    notes: list[NoteRow] = []
    changes: list[ChangeRow] = []
    erased_at: datetime | None = None
    """When it was decided to forget the guest."""


def read_document(text: str) -> ReservationDocument:
    """Read a stored document; without stays of its own it has those that it was held with, all in its state."""
    document = msgspec.json.decode(text, type=ReservationDocument)
    document.stays = document.stays or stays_of(document.held, cast("StayState", document.state))
    return document


def write_document(document: ReservationDocument) -> bytes:
    """Write a document as it is stored. Stays that are still as they were held are not written a second time."""
    as_held = stays_of(document.held, cast("StayState", document.state))
    return msgspec.json.encode(msgspec.structs.replace(document, stays=[]) if document.stays == as_held else document)


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
        documents[subject] = ReservationDocument(held=event, state="held", stays=stays_of(event))
    document = documents[subject]
    if recorded.stream == subject:
        document.version = recorded.version
        _fold_reservation(document, recorded)
    _fold_payment(document, recorded)
    if not isinstance(event, Payment.Poked | Payment.StepFailed | Notification.SendingStarted | Notification.NotTaken):
        document.timeline.append(
            Fact(
                at=recorded.occurred_at, topic=event.topic, position=recorded.position, actor=recorded.actor, note=_note(event)
            )
        )


def _note(event: Event) -> str:  # noqa: PLR0911 - one line a kind of event
    match event:
        case Notification.Asked(kind=kind):
            return kind
        case Payment.TryFailed(code=code):
            return code
        case Reservation.VendorForgot(vendor=vendor):
            return vendor
        case Reservation.StayMoved(from_room=from_room, to_room=to_room):
            return f"{from_room} → {to_room}"
        case Reservation.StayCheckedIn(room=room):
            return room
        case (
            Reservation.StayChanged(reason=reason)
            | Reservation.StayPinned(reason=reason)
            | Reservation.StayCancelled(reason=reason)
        ):
            return reason
        case Reservation.Cancelled(reason=reason) | Payment.RefundFailed(reason=reason) | Payment.Lost(reason=reason):
            return reason
        case _:
            return ""


def _fold_reservation(document: ReservationDocument, recorded: Recorded) -> None:
    event, at, actor = recorded.event, recorded.occurred_at, recorded.actor
    match event:
        case Reservation.StayChanged(stay_id=stay_id, reason=reason, difference=difference):
            document.changes.append(_change(document, recorded, stay_id, reason, difference))
            document.revision += 1
        case Reservation.StayCancelled() | Reservation.StayReinstated():
            document.revision += 1
        case Reservation.Cancelled():
            document.fee, document.refund = event.fee, event.refund
        case Reservation.Noted():
            row = NoteRow(at=at, actor=actor, command_id=recorded.command_id, note=event.note, stay_id=event.stay_id)
            document.notes.append(row)
        case Reservation.GuestsNamed(stay_id=stay_id, guests=guests):
            named = next(row for row in document.stays if row.stay.stay_id == stay_id)
            named.guests, named.guests_by = guests, recorded.command_id
        case Reservation.GuestErased():
            document.erased_at = at
    fold_stays(document.stays, event)
    document.state = state_of(row.stay for row in document.stays)


def _change(document: ReservationDocument, recorded: Recorded, stay_id: UUID, reason: str, difference: Money) -> ChangeRow:
    before = next(row.booked for row in document.stays if row.stay.stay_id == stay_id)
    return ChangeRow(
        at=recorded.occurred_at, actor=recorded.actor, position=recorded.position, stay_id=stay_id, reason=reason,
        difference=difference, dates=before.dates, room_type=before.room_type, rate_plan=before.rate_plan,
        adults=before.adults, children=before.children, total=before.price.total,
    )  # fmt: skip


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
