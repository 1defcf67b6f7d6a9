"""Change a stay's dates, party, room type or rate plan: priced again, roomed again where needed, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import cast
from uuid import UUID

from msgspec.structs import replace
from pydantic import Field

from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.stay_events import ChangeReason
from commands.certain_rooms import moves_that_free
from commands.changing_rooms import RoomPinned
from commands.desk import Desk, desk_of, money, nights_between, reads_of
from commands.foreseen import Foreseen
from commands.free_rooms import are_free, are_on_the_market, free_rooms, nights_of_days
from commands.moving import changes_of
from commands.nights import Night, cancel_some
from commands.pricing_again import check_dates, dates_of, priced_again, reason_of
from commands.rooming_anew import book, in_another_room, made_whole
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream, rates_stream, room_night_stream
from ledger.money import Money
from ledger.price import cancellation_fee
from ledger.refusal import Refusal
from ledger.stay import BookedStay, LiveStay, rebooked
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

MOST_ALTERNATIVES = 9


class ChangeStay(Command):
    """What is None stays as it is. `expected_difference_minor` is the difference that was shown; another one is refused."""

    reservation_id: UUID
    stay_id: UUID
    arrival: date | None = None
    departure: date | None = None
    adults: int | None = Field(default=None, ge=1, le=20)
    children: int | None = Field(default=None, ge=0, le=20)
    room_type: str | None = Field(default=None, max_length=40)
    rate_plan: str | None = Field(default=None, max_length=40)
    expected_difference_minor: int | None = None
    expected_version: int | None = None

    class NothingNew(Refusal):
        code = "stay.nothing_new"

    class NotOneDay(Refusal):
        code = "dates.not_one_day"
        field = "departure"

    class InHouse(Refusal):
        code = "stay.in_house"

    class AskTheHotel(Refusal):
        code = "stay.ask_the_hotel"

    class DifferenceChanged(Refusal):
        code = "stay.difference_changed"
        field = "expected_difference_minor"

    class RoomTaken(Refusal):
        code = "stay.room_taken"

    class SoldOut(Refusal):
        code = "sold_out"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the tariff, the property, the reservation, its payments, its room-nights, and those it would have in its rooms."""
    command = envelope.asks(ChangeStay)
    yield rates_stream(envelope.property_code)
    yield from reads_of(envelope, known, command.reservation_id)
    stay = known.get(Reservation, command.reservation_id).live.get(command.stay_id)
    dates = dates_of(stay.booked, command) if stay else None
    if stay and dates and 0 < dates.nights <= LONGEST_STAY_NIGHTS:
        kept = _as_roomed(stay, replace(stay.booked, dates=dates))
        for night, room in kept.nights():
            yield room_night_stream(envelope.property_code, room, night, stay.booked.slot)
        yield from _nights_relied_on(envelope.property_code, kept.booked)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Change it or say why not.

    Refusals in order: reservation, version, stay and its state, dates, what guests may not do, party, price,
    restrictions of the new dates, shown difference, room. Raises Unread while the rooms of the type were not read.
    """
    command = envelope.asks(ChangeStay)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "confirmed", "checked_in")
    desk.must_not_be_over(stay)
    _check_dates(desk, stay, command)
    _check_in_house(stay, command)
    _check_guest(desk, stay, command)
    desk.hotel.welcome(
        command.room_type or stay.booked.room_type,
        stay.booked.adults if command.adults is None else command.adults,
        stay.booked.children if command.children is None else command.children,
    )
    rates = known.get(Rates, rates_stream(desk.code))
    wished = priced_again(stay.booked, command, rates, desk.today)
    if wished == stay.booked:
        raise ChangeStay.NothingNew("Nothing would change: say what is to be another one.")
    if stay.state == "confirmed" and wished.dates != stay.booked.dates and wished.slot == "night":
        rates.admit(room_type=wished.room_type, rate_plan=wished.rate_plan, dates=wished.dates)
    difference = wished.price.total - stay.booked.price.total
    _check_difference(command, difference)
    after, nights = _roomed(desk, stay, wished)
    return _changed(desk, stay, after, nights, difference)


def _check_dates(desk: Desk, stay: LiveStay, command: ChangeStay) -> None:
    dates = dates_of(stay.booked, command)
    check_dates(stay.booked, dates, desk.today)
    if stay.state == "confirmed" and dates.departure <= desk.today:
        raise StayDates.Past("Nobody has come yet: the departure must be after today, or mark the guests as no-show.")
    if stay.booked.slot == "day" and dates.nights != 1:
        raise ChangeStay.NotOneDay("Day use is of one date: departure is the day after arrival; book nights as a stay.")


def _check_in_house(stay: LiveStay, command: ChangeStay) -> None:
    """Guests in house have begun their stay in their room: only its end, the party and the plan can still change."""
    if stay.state != "checked_in":
        return
    if command.arrival not in {None, stay.booked.dates.arrival}:
        raise ChangeStay.InHouse("The guests have arrived: only the departure can still be changed.")
    if command.room_type not in {None, stay.booked.room_type}:
        raise ChangeStay.InHouse("The guests are in their room: move them to a room of the other type instead.")


def _check_guest(desk: Desk, stay: LiveStay, command: ChangeStay) -> None:
    """Guests change what lies before them, and only add to what they could not cancel free of charge any more."""
    if not desk.is_guest:
        return
    if stay.state == "checked_in" or stay.booked.dates.arrival < desk.today:
        raise ChangeStay.AskTheHotel("The stay has begun: ask the reception to change it.")
    dates, booked = dates_of(stay.booked, command), stay.booked
    adds = dates.arrival <= booked.dates.arrival and dates.departure >= booked.dates.departure
    same = command.rate_plan in {None, booked.rate_plan} and command.room_type in {None, booked.room_type}
    if cancellation_fee(booked.price, desk.now) and not (adds and same):
        raise ChangeStay.AskTheHotel(
            "This rate cannot be cancelled free of charge any more, so nights can only be added: ask us for more."
        )


def _check_difference(command: ChangeStay, difference: Money) -> None:
    if command.expected_difference_minor not in {None, difference.amount_minor}:
        raise ChangeStay.DifferenceChanged(
            "The price of this change is another one than was shown: look at it again.", difference=money(difference)
        )


def _as_roomed(stay: LiveStay, booked: BookedStay) -> LiveStay:
    """Give the stay as booked anew in the rooms that it has."""
    begun = [room for first, room in stay.segments if first < booked.dates.departure]
    return rebooked(stay, replace(booked, room=begun[-1] if begun else stay.segments[0][1]))


def _roomed(desk: Desk, stay: LiveStay, wished: BookedStay) -> tuple[BookedStay, list[Change]]:
    """Keep the rooms that it has when they are free and of the type, else find one for all of it: (stay, room-nights)."""
    kept = _as_roomed(stay, wished)
    if wished.room_type == stay.booked.room_type:
        had, has = list(stay.nights()), list(kept.nights())
        streams = [room_night_stream(desk.code, room, night, wished.slot) for night, room in has]
        desk.known.require(streams)
        given_up = cancel_some(desk.code, stay, [night for night in had if night not in has], desk.known)
        added = [night for night in has if night not in had]
        is_open = are_on_the_market(_nights_relied_on(desk.code, kept.booked), desk.known)
        if is_open and are_free(streams, desk.known, desk.now, frozenset({stay.stay_id})):
            return kept.booked, [*given_up, *book(desk, stay, added, desk.known)]
        must_keep_its_room = stay.state == "checked_in" or bool(stay.pin)
        if must_keep_its_room and (changes := _when_others_move(desk, stay, given_up, added)):
            return kept.booked, changes
    if stay.state == "checked_in":
        raise _taken(desk, stay, wished)
    if stay.pin:
        raise RoomPinned(
            f"Room {stay.booked.room} is promised to this guest and cannot be kept with this change: unpin it first, or keep"
            " the dates and the type.",
            pin=stay.pin,
        )
    return _in_another_room(desk, stay, wished)


def _when_others_move(desk: Desk, stay: LiveStay, given_up: list[Change], added: list[Night]) -> list[Change]:
    """Let others make way for further nights in the room that the guests are in or were promised; nothing when none can."""
    then = Foreseen(desk.known)
    then.happen(given_up)
    if stay.booked.slot != "night":
        return []
    moves = moves_that_free(added, hotel=desk.hotel, code=desk.code, known=then, now=desk.now)
    if moves is None:
        return []
    then.happen(changes_of(moves, then, desk.code))
    then.happen(book(desk, stay, added, then))
    return then.changes


def _in_another_room(desk: Desk, stay: LiveStay, wished: BookedStay) -> tuple[BookedStay, list[Change]]:
    """Give its nights up first, so that others who make room for it may have them."""
    then = Foreseen(desk.known)
    then.happen(cancel_some(desk.code, stay, stay.nights(), desk.known))
    after = in_another_room(desk, stay, wished, then)
    if after is None:
        raise ChangeStay.SoldOut(
            f"No room of this type is free from {wished.dates.arrival} to {wished.dates.departure}: the stay is as it was;"
            " try other dates or another room type.",
            rooms_left=0,
        )
    return after, [*desk.tell(*made_whole(stay, after)), *then.changes]


def _nights_relied_on(code: str, booked: BookedStay) -> tuple[UUID, ...]:
    """Name the nights that day use is decided on without taking them."""
    return nights_of_days(code, booked.room, booked.dates, booked.slot)


def _taken(desk: Desk, stay: LiveStay, wished: BookedStay) -> Refusal:
    """Refuse an extension into a room that somebody else has, and name rooms of the type that are free for it."""
    added = StayDates(stay.booked.dates.departure, wished.dates.departure)
    rooms = free_rooms(
        hotel=desk.hotel, code=desk.code, room_type=stay.booked.room_type, dates=added, wanted=MOST_ALTERNATIVES,
        suggested=(), known=desk.known, now=desk.now, slot=wished.slot,
    )  # fmt: skip
    return ChangeStay.RoomTaken(
        f"Room {stay.booked.room} is taken after {added.arrival}: "
        + (f"book {', '.join(rooms)} for the further nights." if rooms else "no other room of the type is free either."),
        room=stay.booked.room,
        rooms=rooms,
    )


def _changed(desk: Desk, stay: LiveStay, after: BookedStay, nights: list[Change], difference: Money) -> Decision:
    changed = Reservation.StayChanged(stay_id=stay.stay_id, stay=after, difference=difference, reason=_reason(stay, after))
    refund, settled = desk.settle(desk.reservation.owed + difference, "changed")
    return Decision(
        changes=[*desk.tell(changed), *nights, *settled],
        guards=(property_stream(desk.code), rates_stream(desk.code), *_nights_relied_on(desk.code, after)),
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": desk.reservation.state,
            "total": money(after.price.total), "difference": money(difference), "refund": money(refund),
            "arrival": after.dates.arrival, "departure": after.dates.departure,
        },
    )  # fmt: skip


def _reason(stay: LiveStay, after: BookedStay) -> ChangeReason:
    """Name what was changed; in house, dates are extended or shortened."""
    reason = reason_of(stay.booked, after)
    if reason == "dates" and stay.state == "checked_in":
        return "extended" if nights_between(stay.booked.dates.departure, after.dates.departure) else "shortened"
    return cast("ChangeReason", reason)


HANDLER = Handler(reads, decide)
