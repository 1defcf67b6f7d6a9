"""Mailing: sends one message that was asked for. The provider has no idempotency key, so an unclear answer is waited out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from msgspec.structs import replace

from aggregates.notification import Notification
from commands.dispatch import Asked, Dispatch
from commands.record_notification import RecordNotification
from ledger.event import Recorded
from ledger.ids import saga_command_id
from ledger.refusal import Refusal, code_of
from queries.hotel import HotelQuery
from queries.reservations import ReservationQuery
from queries.streams import Streams
from sagas.because import because_of
from sagas.gateways.sendgrid_mail import Ambiguous, Message, NotTaken, Rejected, SendGridMail
from sagas.letters import write
from sagas.letters.composing import GuestLinks, letter_of

RULE = "mailing"
MOST_ATTEMPTS = 6
logger = logging.getLogger(__name__)


@dataclass
class Mailing:
    """A message as its events tell it. `cause` is the last of them: what the next step follows from."""

    notification_id: UUID
    cause: Recorded | None = None
    asked: Notification.Asked | None = None
    attempts: int = 0
    over: bool = False


def follow(notification_id: UUID, events: Iterable[Recorded]) -> Mailing:
    """Fold a notification's events. Pure."""
    mailing = Mailing(notification_id)
    for recorded in events:
        mailing.cause = recorded
        match recorded.event:
            case Notification.Asked() as asked:
                mailing.asked = asked
            case Notification.SendingStarted(attempt=attempt):
                mailing.attempts = attempt
            case Notification.Sent() | Notification.Delivered() | Notification.Failed():
                mailing.over = True
    return mailing


class MailingSaga:
    """Sends one property's messages."""

    def __init__(
        self, property_code: str, dispatch: Dispatch, streams: Streams, reservations: ReservationQuery,
        hotel: HotelQuery, mail: SendGridMail, links: GuestLinks,
    ) -> None:  # fmt: skip
        self._property_code = property_code
        self._dispatch = dispatch
        self._streams = streams
        self._reservations = reservations
        self._hotel = hotel
        self._mail = mail
        self._links = links

    async def advance(self, notification_id: UUID) -> None:
        """Send the message if it was not; what is to be done after that follows from the events."""
        mailing = follow(notification_id, await self._streams.read([notification_id]))
        if mailing.over or mailing.asked is None:
            return
        message = await self._message(notification_id, mailing.asked)
        if mailing.attempts >= MOST_ATTEMPTS or message is None:
            await self._tell(mailing, "failed", "tried too often" if message else "nobody to write to")
            return
        mailing.attempts += 1
        if await self._claim(mailing):
            await self._send(mailing, message)

    async def _send(self, mailing: Mailing, message: Message) -> None:
        try:
            message_id = await asyncio.to_thread(self._mail.send, message)
        except Rejected as rejected:
            logger.error("mail %s was rejected by the provider: %s", message.notification_id, rejected)  # noqa: TRY400 - no trace is wanted
            await self._tell(mailing, "failed", f"rejected {rejected}")
        except NotTaken as busy:
            await self._tell(mailing, "not_taken", str(busy))
        except Ambiguous as lost:
            logger.warning("mail %s: no clear answer (%s), waiting for the provider's report", message.notification_id, lost)
        else:
            await self._tell(mailing, "sent", message_id)

    async def _claim(self, mailing: Mailing) -> bool:
        """Claim the attempt, under an id that is never answered from memory; tell whether it is this worker's."""
        command = RecordNotification(notification_id=mailing.notification_id, step="sending", attempt=mailing.attempts)
        try:
            claimed = await self._dispatch(command, self._because(mailing, uuid4()))
        except Refusal as refusal:
            if code_of(refusal) == "notification.claimed":
                return False
            raise
        assert mailing.cause is not None  # noqa: S101 - a message that nobody asked for is not claimed
        mailing.cause = replace(mailing.cause, position=claimed.position)
        return True

    async def _message(self, notification_id: UUID, asked: Notification.Asked) -> Message | None:
        found = await self._reservations.from_ledger(asked.reservation_id)
        if found is None or not found.guest["email"]:
            return None
        hotel = await self._hotel.current()
        told_at = next(fact.at for fact in found.document.timeline if fact.position == asked.cause)
        letter = letter_of(found, hotel, self._links, told_at)
        written = await asyncio.to_thread(write, asked.kind, letter)
        return Message(
            notification_id=notification_id,
            property_code=self._property_code,
            sender_email=hotel.definition.email,
            sender_name=hotel.definition.name,
            to_email=found.guest["email"],
            to_name=found.guest["name"],
            subject=written.subject,
            text=written.text,
            html=written.html,
            calendar=written.calendar,
        )

    async def _tell(self, mailing: Mailing, step: Literal["not_taken", "sent", "failed"], detail: str = "") -> None:
        command = RecordNotification(notification_id=mailing.notification_id, step=step, detail=detail)
        command_id = saga_command_id(RULE, mailing.notification_id, f"{step}/{mailing.attempts}")
        await self._dispatch(command, self._because(mailing, command_id))

    def _because(self, mailing: Mailing, command_id: UUID) -> Asked:
        assert mailing.cause is not None  # noqa: S101 - a message that nobody asked for has no step
        return because_of(mailing.cause, command_id, RULE)
