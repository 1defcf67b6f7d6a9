"""Hold one or more rooms of a type for a guest, all or none, at a price that stands from now on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aggregates.holder import Holder
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from commands.confirmation_code import confirmation_code
from commands.email_address import EmailAddress
from commands.free_rooms import nights_of_days
from commands.held_answer import answer_of
from commands.placing import Holding, NoRoomLeft, Place, nights_relied_on, placed
from commands.typed_text import Code, Coded, Country, Name, Phone, Requests
from commands.wishes import Wish, is_promised, neighbours
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream, rates_stream, stay_streams
from ledger.money import total
from ledger.price import StayPrice
from ledger.refusal import IdReused, Refusal
from ledger.stay import BookedStay, sum_of_stays
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

MOST_ROOMS, MOST_WISHES = 9, 8
MOST_ROOMS_NAMED = 256
"""Of a larger type the decision asks for the other rooms, when those do not suffice."""
LARGEST_PAYMENT_MINOR = 99_999_999
"""What Stripe takes at most in one payment: eight digits of the currency's minor unit."""


class GuestDetails(BaseModel):
    """Who books. All of it is personal data and is stored encrypted under the guest's own key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    email: EmailAddress
    phone: Phone = ""
    country: Country = ""
    language: Annotated[str, Coded("[a-z]{2}(-[A-Z]{2})?", "Say a language in two letters, such as en, or pt-BR")] = "en"
    requests: Requests = ""


class QuotedTotal(BaseModel):
    """What the guest was shown: all rooms together, in minor units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: int
    currency: str


class StayWish(BaseModel):
    """One stay as it is wanted. `slot` day: day use of one date; `wishes` with an exclamation mark are promises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    room_type: Code
    rate_plan: Code
    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    wishes: tuple[Wish, ...] = Field(default=(), max_length=MOST_WISHES)
    slot: Literal["night", "day"] = "night"

    @property
    def place(self) -> Place:
        """The same as what is to be placed."""
        dates = StayDates(self.arrival, self.departure)
        return Place(self.room_type, self.rate_plan, dates, self.adults, self.children, self.wishes, self.slot)


class HoldStay(Command):
    """Hold `rooms` rooms of a type, with `adults` and `children` in each; or `stays`, each with its own dates and party.

    With `stays` the fields of the first form say what the first of them is.
    """

    room_type: Code
    rate_plan: Code
    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    rooms: int = Field(default=1, ge=1, le=MOST_ROOMS)
    wishes: tuple[Wish, ...] = Field(default=(), max_length=MOST_WISHES)
    slot: Literal["night", "day"] = "night"
    stays: tuple[StayWish, ...] = Field(default=(), max_length=MOST_ROOMS)
    guest: GuestDetails
    quoted_total: QuotedTotal | None = None

    SoldOut: ClassVar[type[NoRoomLeft]] = NoRoomLeft

    class NotOneDay(Refusal):
        code = "dates.not_one_day"
        field = "departure"

    class TooDear(Refusal):
        code = "payment.too_large"
        field = "rooms"

    class PriceChanged(Refusal):
        code = "quote.changed"

    @model_validator(mode="before")
    @classmethod
    def _say_the_first_stay(cls, content: Any) -> Any:
        """Fill the fields of the first form from the first stay, so that they are never missing."""
        stays = content.get("stays") if isinstance(content, dict) else None
        if not stays or not isinstance(stays, list | tuple):
            return content
        first = stays[0].model_dump() if isinstance(stays[0], StayWish) else stays[0]
        return {**first, **content, "rooms": len(stays)} if isinstance(first, dict) else content

    @cached_property
    def wanted(self) -> tuple[Place, ...]:
        """The stays, in order, whichever form was used."""
        if self.stays:
            return tuple(stay.place for stay in self.stays)
        dates = StayDates(self.arrival, self.departure)
        one = Place(self.room_type, self.rate_plan, dates, self.adults, self.children, self.wishes, self.slot)
        return (one,) * self.rooms


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
    yield from (property_stream(code), rates_stream(code), made_by(envelope.command_id, "reservation"))
    for place in command.wanted if command.stays else command.wanted[:1]:
        yield from neighbours(place.wishes)
        dates = place.dates
        if 0 < dates.nights <= LONGEST_STAY_NIGHTS:
            for room in _rooms_to_read(place, command, advice, known, code):
                yield from stay_streams(code, room, dates.arrival, dates.departure, place.slot)
                yield from nights_of_days(code, room, dates, place.slot)
    yield from (stream for stream, _ in advice.holders)
    for stream, _ in advice.holders:
        yield from known.get(Holder, stream).unended(envelope.occurred_at)


def _rooms_to_read(place: Place, command: HoldStay, advice: HoldAdvice, known: Known, code: str) -> Sequence[str]:
    """Name the suggested rooms, or the type's when nothing or too little was suggested, or there are wishes to compare."""
    if len(advice.rooms) >= command.rooms and not command.stays and not place.wishes and place.slot == "night":
        return advice.rooms
    return known.get(Property, property_stream(code)).rooms_of(place.room_type)[:MOST_ROOMS_NAMED]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Hold the rooms or say why not. Refusals in order: dates, party, restrictions and price, limits, rooms."""
    command, advice = envelope.asks(HoldStay), _advice(envelope)
    code = envelope.property_code
    hotel = known.get(Property, property_stream(code))
    definition = hotel.opened()
    today = local_date(now, definition.time_zone)
    wanted, each = command.wanted, command.wanted if command.stays else command.wanted[:1]
    _check_dates(each, today)
    for place in each:
        hotel.welcome(place.room_type, place.adults, place.children)
    priced = [_price(place, known.get(Rates, rates_stream(code))) for place in each]
    prices = priced if command.stays else priced * command.rooms
    _check_quote(command, prices)
    reservation_id = made_by(envelope.command_id, "reservation")
    _check_is_new(known.get(Reservation, reservation_id))
    held_until = now + timedelta(seconds=advice.hold_ttl_seconds)
    counted = [_count(known, stream, most, reservation_id, held_until, command, now) for stream, most in advice.holders]
    stay_ids = [made_by(envelope.command_id, f"stay/{number}") for number in range(1, len(wanted) + 1)]
    rooms, taken = placed(
        wanted, Holding(reservation_id, stay_ids, held_until),
        hotel=hotel, code=code, suggested=advice.rooms, known=known, now=now,
    )  # fmt: skip
    stays = tuple(map(_booked, stay_ids, rooms, wanted, prices))
    whole, pay_now = sum_of_stays(stays, definition.currency)
    if pay_now.amount_minor > LARGEST_PAYMENT_MINOR:
        raise HoldStay.TooDear("This is more than one card payment can take: book fewer rooms or nights at a time, or ask us.")
    held = Reservation.Held(
        confirmation_code=confirmation_code(code, reservation_id), stays=stays, total=whole, pay_now=pay_now,
        held_until=held_until, guest=envelope.sealed["guest"], language=command.guest.language, channel=advice.channel,
        booked_on=today, holders=tuple(stream for stream, _ in advice.holders), fiscal=envelope.sealed.get("fiscal"),
    )  # fmt: skip
    return Decision(
        changes=[Change(reservation_id, held), *taken, *counted],
        guards=(property_stream(code), rates_stream(code), *nights_relied_on(wanted, rooms, code)),
        answer=answer_of(reservation_id, held),
    )


def guest_stream(envelope_id: UUID) -> UUID:
    """Name the stream whose first event will hold the guest's sealed details: the reservation that the command makes."""
    return made_by(envelope_id, "reservation")


def _advice(envelope: Envelope) -> HoldAdvice:
    if isinstance(envelope.advice, HoldAdvice):
        return envelope.advice
    message = "a HoldStay travels with a HoldAdvice"
    raise TypeError(message)


def _check_dates(places: Iterable[Place], today: date) -> None:
    for place in places:
        place.dates.check(today)
        if place.slot == "day" and place.dates.nights != 1:
            raise HoldStay.NotOneDay("Day use is of one date: departure is the day after arrival; hold other days as stays.")


def _price(place: Place, rates: Rates) -> StayPrice:
    if place.slot == "night":
        rates.admit(room_type=place.room_type, rate_plan=place.rate_plan, dates=place.dates)
    return rates.price(
        room_type=place.room_type, rate_plan=place.rate_plan, dates=place.dates, adults=place.adults, children=place.children
    )


def _booked(stay_id: UUID, room: str, place: Place, price: StayPrice) -> BookedStay:
    return BookedStay(
        stay_id=stay_id, room_type=place.room_type, room=room, rate_plan=place.rate_plan, dates=place.dates,
        adults=place.adults, children=place.children, price=price, slot=place.slot, wishes=place.wishes,
        pin="promised" if is_promised(place.wishes) else "",
    )  # fmt: skip


def _check_is_new(reservation: Reservation) -> None:
    """Ids come from the command's: once its outcome is forgotten, the same one would write to the old reservation."""
    if reservation.state != "none":
        raise IdReused(
            "This Idempotency-Key made a reservation whose answer is no longer kept:"
            " look at that reservation, or send a new key for a new one."
        )


def _check_quote(command: HoldStay, prices: Sequence[StayPrice]) -> None:
    shown = command.quoted_total
    if shown is None:
        return
    whole = total((price.total for price in prices), prices[0].total.currency)
    if (shown.amount_minor, shown.currency) != (whole.amount_minor, whole.currency):
        raise HoldStay.PriceChanged(
            "The price has changed since it was shown: search again to see the new total.",
            shown={"amount_minor": shown.amount_minor, "currency": shown.currency},
            now={"amount_minor": whole.amount_minor, "currency": whole.currency},
        )


def _count(
    known: Known, stream: UUID, most: int, reservation_id: UUID, held_until: datetime, command: HoldStay, now: datetime
) -> Change:
    """Count the hold for one holder, with the room-nights that its other live holds have."""
    holder = known.get(Holder, stream)
    known.require(holder.unended(now))
    others = [known.get(Reservation, other) for other in holder.unended(now)]
    live = [other for other in others if other.is_live_hold(now)]
    wanted = sum(stay.dates.nights for stay in command.wanted)
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


HANDLER = Handler(reads, decide)
