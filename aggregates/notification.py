"""Notification: one message to one guest. It is in the ledger before it is sent, so it is sent once.

The mail provider knows no idempotency key: after an ambiguous send we wait for its own report before sending again.
"""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Event
from ledger.refusal import Refusal


class Notification:
    """asked → sending → sent → delivered; sending → failed."""

    class Asked(Event, frozen=True):
        """A message of a kind is to be sent about a reservation; `cause` is the position of the event that it tells."""

        topic: ClassVar[str] = "notification.asked.v1"
        reservation_id: UUID
        kind: str
        cause: int
        language: str

    class SendingStarted(Event, frozen=True):
        """The provider is asked to send; `attempt` counts from 1."""

        topic: ClassVar[str] = "notification.sending-started.v1"
        reservation_id: UUID
        attempt: int

    class NotTaken(Event, frozen=True):
        """The provider did not take the message for a passing reason; it is to be offered again."""

        topic: ClassVar[str] = "notification.not-taken.v1"
        reservation_id: UUID
        attempt: int
        reason: str

    class Sent(Event, frozen=True):
        """The provider took the message under its own `message_id`."""

        topic: ClassVar[str] = "notification.sent.v1"
        reservation_id: UUID
        message_id: str

    class Delivered(Event, frozen=True):
        """The guest's mail server took the message."""

        topic: ClassVar[str] = "notification.delivered.v1"
        reservation_id: UUID

    class Failed(Event, frozen=True):
        """The message will not arrive: `reason` is the provider's word for it (bounced, dropped, refused)."""

        topic: ClassVar[str] = "notification.failed.v1"
        reservation_id: UUID
        reason: str

    class Unknown(Refusal):
        code = "notification.unknown"

    class Claimed(Refusal):
        code = "notification.claimed"

    def __init__(self) -> None:
        self.state: Literal["none", "asked", "sending", "sent", "delivered", "failed"] = "none"
        self.reservation_id: UUID | None = None
        self.kind = ""
        self.language = ""
        self.attempt = 0

    def ask(self, reservation_id: UUID, kind: str, cause: int, language: str) -> list[Event]:
        """Ask for the message; nothing when it was asked for before."""
        if self.state != "none":
            return []
        return [Notification.Asked(reservation_id=reservation_id, kind=kind, cause=cause, language=language)]

    def start_sending(self, attempt: int) -> Event:
        """Claim an attempt: only one worker may ask the provider for it. Raises Unknown, Claimed."""
        reservation_id = self.known()
        if self.state not in {"asked", "sending"} or attempt != self.attempt + 1:
            raise Notification.Claimed("Another worker sends this message, or it was sent: nothing is left to do.")
        return Notification.SendingStarted(reservation_id=reservation_id, attempt=attempt)

    def report(self, outcome: Literal["not_taken", "sent", "delivered", "failed"], detail: str) -> list[Event]:
        """Take over what the provider says; what is known already or comes too late changes nothing. Raises Unknown."""
        reservation_id = self.known()
        if outcome == "not_taken" and self.state == "sending":
            return [Notification.NotTaken(reservation_id=reservation_id, attempt=self.attempt, reason=detail)]
        if outcome == "sent" and self.state in {"asked", "sending"}:
            return [Notification.Sent(reservation_id=reservation_id, message_id=detail)]
        if outcome == "delivered" and self.state in {"sending", "sent"}:
            return [Notification.Delivered(reservation_id=reservation_id)]
        if outcome == "failed" and self.state in {"asked", "sending", "sent"}:
            return [Notification.Failed(reservation_id=reservation_id, reason=detail)]
        return []

    def known(self) -> UUID:
        """Give the reservation that the message is about. Raises Unknown."""
        if self.reservation_id is None:
            raise Notification.Unknown("There is no such notification.")
        return self.reservation_id

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Notification.Asked():
                self.state, self.reservation_id = "asked", event.reservation_id
                self.kind, self.language = event.kind, event.language
            case Notification.SendingStarted():
                self.state, self.attempt = "sending", event.attempt
            case Notification.NotTaken():
                self.state = "asked"
            case Notification.Sent():
                self.state = "sent"
            case Notification.Delivered():
                self.state = "delivered"
            case Notification.Failed():
                self.state = "failed"
