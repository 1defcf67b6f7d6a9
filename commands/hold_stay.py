"""Hold one or more rooms of a type for a guest, all or none, at a price that stands from now on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aggregates.holder import Holder
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.email_address import EmailAddress
from commands.moving import changes_of, left_by
from commands.rooms_for import Found, find_rooms
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream, rates_stream, stay_streams
from ledger.money import Money
from ledger.price import StayPrice
from ledger.refusal import IdReused, Refusal
from ledger.stay import BookedStay, sum_of_stays
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

MOST_ROOMS = 9
LARGEST_PAYMENT_MINOR = 99_999_999
"""What Stripe takes at most in one payment: eight digits of the currency's minor unit."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class GuestDetails(BaseModel):
    """Who books. All of it is personal data and is stored encrypted under the guest's own key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    email: EmailAddress
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    country: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    requests: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class QuotedTotal(BaseModel):
    """What the guest was shown: all rooms together, in minor units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: int
    currency: str


class HoldStay(Command):
    """Hold `rooms` rooms of a type; `adults` and `children` are the party of each room."""

    room_type: Code
    rate_plan: Code
    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    rooms: int = Field(default=1, ge=1, le=MOST_ROOMS)
    guest: GuestDetails
    quoted_total: QuotedTotal | None = None

    class SoldOut(Refusal):
        code = "sold_out"

    class TooDear(Refusal):
        code = "payment.too_large"
        field = "rooms"

    class PriceChanged(Refusal):
        code = "quote.changed"


@dataclass(frozen=True)
class HoldAdvice:
    """What the edge adds: rooms to try first, how long a hold lives, who holds and how often each may, the channel."""

    rooms: tuple[str, ...]
    hold_ttl_seconds: int
    holders: tuple[tuple[UUID, int], ...]
    channel: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the tariff, the suggested rooms' nights, and the holds that count against the limits."""
    command, advice = envelope.asks(HoldStay), _advice(envelope)
    code = envelope.property_code
    yield property_stream(code)
    yield rates_stream(code)
    yield made_by(envelope.command_id, "reservation")
    dates = StayDates(command.arrival, command.departure)
    if 0 < dates.nights <= LONGEST_STAY_NIGHTS:
        for room in _rooms_to_read(command, advice, known, code):
            yield from stay_streams(code, room, command.arrival, command.departure)
    for stream, _ in advice.holders:
        yield stream
    for stream, _ in advice.holders:
        yield from known.get(Holder, stream).unended(envelope.occurred_at)


def _rooms_to_read(command: HoldStay, advice: HoldAdvice, known: Known, code: str) -> tuple[str, ...]:
    """Name the suggested rooms, or the whole type when nothing or too little was suggested."""
    if len(advice.rooms) >= command.rooms:
        return advice.rooms
    return known.get(Property, property_stream(code)).rooms_of(command.room_type)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Hold the rooms or say why not. Refusals in order: dates, party, price, limits, rooms."""
    command, advice = envelope.asks(HoldStay), _advice(envelope)
    code = envelope.property_code
    hotel = known.get(Property, property_stream(code))
    definition = hotel.opened()
    dates = StayDates(command.arrival, command.departure)
    today = local_date(now, definition.time_zone)
    dates.check(today)
    hotel.welcome(command.room_type, command.adults, command.children)
    price = _price(command, dates, known.get(Rates, rates_stream(code)))
    _check_quote(command, price)
    reservation_id = made_by(envelope.command_id, "reservation")
    _check_is_new(known.get(Reservation, reservation_id))
    held_until = now + timedelta(seconds=advice.hold_ttl_seconds)
    counted = [_count(known, stream, most, reservation_id, held_until, command, now) for stream, most in advice.holders]
    found = _choose_rooms(command, advice, hotel, code, known, now)
    stays = [
        BookedStay(
            stay_id=made_by(envelope.command_id, f"stay/{number}"), room_type=command.room_type, room=room,
            rate_plan=command.rate_plan, dates=dates, adults=command.adults, children=command.children, price=price,
        )
        for number, room in enumerate(found.rooms, 1)
    ]  # fmt: skip
    whole, pay_now = sum_of_stays(stays, definition.currency)
    if pay_now.amount_minor > LARGEST_PAYMENT_MINOR:
        raise HoldStay.TooDear("This is more than one card payment can take: book fewer rooms or nights at a time, or ask us.")
    held = Reservation.Held(
        confirmation_code=confirmation_code(code, reservation_id), stays=tuple(stays), total=whole, pay_now=pay_now,
        held_until=held_until, guest=envelope.sealed["guest"], language=command.guest.language, channel=advice.channel,
        booked_on=today, holders=tuple(stream for stream, _ in advice.holders), fiscal=envelope.sealed.get("fiscal"),
    )  # fmt: skip
    return Decision(
        changes=[
            Change(reservation_id, held),
            *changes_of(found.moves, known, code),
            *_hold_nights(code, held, reservation_id, left_by(found.moves, code), known, now),
            *counted,
        ],
        guards=(property_stream(code), rates_stream(code)),
        answer=_answer(reservation_id, held),
    )


def guest_stream(envelope_id: UUID) -> UUID:
    """Name the stream whose first event will hold the guest's sealed details: the reservation that the command makes."""
    return made_by(envelope_id, "reservation")


def confirmation_code(property_code: str, reservation_id: UUID) -> str:
    """Give the short code that guests and staff read to each other, such as ELLA-7K3M-9Q2X."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
    number = reservation_id.int % len(alphabet) ** 8
    letters = []
    for _ in range(8):
        number, place = divmod(number, len(alphabet))
        letters.append(alphabet[place])
    word = "".join(letters)
    return f"{property_code.upper()}-{word[:4]}-{word[4:]}"


def _advice(envelope: Envelope) -> HoldAdvice:
    if isinstance(envelope.advice, HoldAdvice):
        return envelope.advice
    message = "a HoldStay travels with a HoldAdvice"
    raise TypeError(message)


def _price(command: HoldStay, dates: StayDates, rates: Rates) -> StayPrice:
    return rates.price(
        room_type=command.room_type,
        rate_plan=command.rate_plan,
        dates=dates,
        adults=command.adults,
        children=command.children,
    )


def _check_is_new(reservation: Reservation) -> None:
    """Ids come from the command's: once its outcome is forgotten, the same one would write to the old reservation."""
    if reservation.state != "none":
        raise IdReused(
            "This Idempotency-Key made a reservation whose answer is no longer kept:"
            " look at that reservation, or send a new key for a new one."
        )


def _check_quote(command: HoldStay, price: StayPrice) -> None:
    shown = command.quoted_total
    now_minor = price.total.amount_minor * command.rooms
    if shown is not None and (shown.amount_minor, shown.currency) != (now_minor, price.total.currency):
        raise HoldStay.PriceChanged(
            "The price has changed since it was shown: search again to see the new total.",
            shown={"amount_minor": shown.amount_minor, "currency": shown.currency},
            now={"amount_minor": now_minor, "currency": price.total.currency},
        )


def _count(
    known: Known, stream: UUID, most: int, reservation_id: UUID, held_until: datetime, command: HoldStay, now: datetime
) -> Change:
    """Count the hold for one holder, with the room-nights that its other live holds have."""
    holder = known.get(Holder, stream)
    known.require(holder.unended(now))
    others = [known.get(Reservation, other) for other in holder.unended(now)]
    live = [other for other in others if other.is_live_hold(now)]
    wanted = StayDates(command.arrival, command.departure).nights * command.rooms
    event = holder.count(
        reservation_id=reservation_id,
        held_until=held_until,
        tried=len(others),
        live=len(live),
        most=most,
        room_nights=wanted + sum(stay.dates.nights for other in live for stay in other.stays),
        rooms=command.rooms + sum(len(other.stays) for other in live),
    )
    return Change(stream, event)


def _choose_rooms(command: HoldStay, advice: HoldAdvice, hotel: Property, code: str, known: Known, now: datetime) -> Found:
    found = find_rooms(
        hotel=hotel, code=code, room_type=command.room_type, dates=StayDates(command.arrival, command.departure),
        wanted=command.rooms, suggested=advice.rooms, known=known, now=now, may_move=True,
    )  # fmt: skip
    left = len(found.rooms)
    if left < command.rooms:
        are_free = f"{left} of {command.rooms} rooms asked for are free from {command.arrival} to {command.departure}"
        if found.nights_free:
            raise HoldStay.SoldOut(
                f"{are_free}; every night has a free room but promised rooms stand in the way: try other dates, fewer nights"
                " or another room type.",
                rooms_left=left,
                promised_rooms_in_the_way=True,
            )
        raise HoldStay.SoldOut(f"{are_free}: try other dates or another room type.", rooms_left=left)
    return found


def _hold_nights(
    code: str, held: Reservation.Held, reservation_id: UUID, left: frozenset[UUID], known: Known, now: datetime
) -> Iterable[Change]:
    """Hold every night of the stays; those that others have `left` in the same decision are free."""
    for stay in held.stays:
        streams = stay_streams(code, stay.room, stay.dates.arrival, stay.dates.departure)
        for night, stream in zip(stay.dates, streams, strict=True):
            room_night = RoomNight() if stream in left else known.get(RoomNight, stream)
            for event in room_night.hold(
                room=stay.room, stay_date=night, stay_id=stay.stay_id,
                reservation_id=reservation_id, held_until=held.held_until, now=now,
            ):  # fmt: skip
                yield Change(stream, event)


def _answer(reservation_id: UUID, held: Reservation.Held) -> dict[str, object]:
    return {
        "reservation_id": reservation_id,
        "confirmation_code": held.confirmation_code,
        "state": "held",
        "held_until": held.held_until.isoformat(),
        "total": _money(held.total),
        "pay_now": _money(held.pay_now),
        "stays": [
            {
                "stay_id": stay.stay_id,
                "room_type": stay.room_type,
                "rate_plan": stay.rate_plan,
                "arrival": stay.dates.arrival,
                "departure": stay.dates.departure,
                "adults": stay.adults,
                "children": stay.children,
                "total": _money(stay.price.total),
            }
            for stay in held.stays
        ],
    }


def _money(amount: Money) -> dict[str, object]:
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}


HANDLER = Handler(reads, decide)
