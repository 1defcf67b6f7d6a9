"""Telling the guest: which facts about a reservation are worth a mail. Each is asked for once, under the fact's position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.ask_notification import AskNotification
from commands.dispatch import Dispatch
from ledger.event import Recorded
from ledger.ids import saga_command_id
from queries.streams import Streams
from sagas.because import because_of

RULE = "telling_guest"


def react(events: Iterable[Recorded]) -> list[AskNotification]:
    """Say which mails the events of a reservation and its payments call for, in order. Pure."""
    events = list(events)
    held = next((each for each in events if isinstance(each.event, Reservation.Held)), None)
    if held is None or not isinstance(held.event, Reservation.Held):
        return []
    language = held.event.language
    ended = any(isinstance(each.event, Reservation.Confirmed | Reservation.Expired | Reservation.Abandoned) for each in events)
    first = "offered" if held.event.channel == "waitlist" else "held"
    told = list(_kinds(events)) if ended else [(first, _newest_hold(events))]
    return [
        AskNotification(reservation_id=held.stream, kind=kind, cause=recorded.position, language=language)
        for kind, recorded in told
    ]


def _newest_hold(events: Iterable[Recorded]) -> Recorded:
    """Give the hold, or its last change: what is to be paid is told anew after each."""
    kinds = Reservation.Held | Reservation.StayChanged | Reservation.StayCancelled
    return [each for each in events if isinstance(each.event, kinds)][-1]


def _kinds(events: Iterable[Recorded]) -> Iterator[tuple[str, Recorded]]:  # noqa: C901 - one line a kind of fact
    booked, left = False, set[UUID]()
    for recorded in events:
        match recorded.event:
            case Reservation.Held(stays=stays):
                left = {stay.stay_id for stay in stays}
            case Reservation.Confirmed():
                booked = True
                yield "confirmed", recorded
            case Reservation.StayChanged() if booked:
                yield "changed", recorded
            case Reservation.StayNoShow(stay_id=stay_id):
                left.discard(stay_id)
            case Reservation.StayReinstated(stay_id=stay_id):
                left.add(stay_id)
                yield "changed", recorded
            case Reservation.StayCancelled(stay_id=stay_id):
                left.discard(stay_id)
                if booked:
                    yield ("changed" if left else "cancelled"), recorded
            case Reservation.Expired():
                yield "expired", recorded
            case Reservation.Cancelled():
                yield "cancelled", recorded
            case Payment.Captured(purpose=purpose) if purpose != "deposit":
                yield "received", recorded
            case Payment.Refunded():
                yield "refunded", recorded


async def advance(dispatch: Dispatch, streams: Streams, reservation_id: UUID) -> None:
    """Ask for every mail that the reservation's history calls for; those asked for before change nothing."""
    own = await streams.read([reservation_id])
    payments = [each.event.payment_id for each in own if isinstance(each.event, Reservation.PaymentAsked)]
    events = sorted([*own, *(await streams.read(payments) if payments else [])], key=lambda each: each.position)
    for command in react(events):
        cause = next(each for each in events if each.position == command.cause)
        command_id = saga_command_id(RULE, reservation_id, f"{command.kind}/{command.cause}")
        await dispatch(command, because_of(cause, command_id, RULE))
