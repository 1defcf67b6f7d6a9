"""Pick rooms of a group's block up for its guests: each gets a confirmed reservation of their own, all in one commit or none.

A night that the block has leaves it; one that it does not have is taken from the house when the block is elastic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from aggregates.group import Block, Group, joined
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.confirmation_code import confirmation_code
from commands.foreseen import Foreseen, find_foreseen
from commands.group_block import each_night, given_back, opened, streams_of_types
from commands.hold_stay import GuestDetails
from commands.rooming_list import MOST_ROWS, Mistake, RoomingRow, duplicates, refuse
from commands.wishes import fitting, is_promised
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import doors_of, made_by, property_stream, rates_stream, room_night_stream
from ledger.price import StayPrice
from ledger.refusal import IdReused, Refusal
from ledger.stay import BookedStay, sum_of_stays

GUARANTEE = "group"


class PickUp(Command):
    """Book the rooms of a rooming list. `expected_version` is the one of the group that was shown."""

    group_id: UUID
    rows: Annotated[tuple[RoomingRow, ...], Field(min_length=1, max_length=MOST_ROWS)]
    expected_version: int | None = None


def guests(envelope: Envelope) -> list[tuple[str, GuestDetails, UUID]]:
    """List whose details are to be sealed: (what the sealed fields' names end with, details, the reservation to be)."""
    rows = enumerate(envelope.asks(PickUp).rows, 1)
    return [(f"/{number}", row.guest, _reservation_id(envelope, number)) for number, row in rows]


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the tariff, the group, the reservations to be, and the nights of the types asked for."""
    command, code = envelope.asks(PickUp), envelope.property_code
    yield property_stream(code)
    yield rates_stream(code)
    yield command.group_id
    for number, _ in enumerate(command.rows, 1):
        yield _reservation_id(envelope, number)
    hotel = known.get(Property, property_stream(code))
    yield from streams_of_types(code, hotel, {(row.room_type, row.dates) for row in command.rows})
    for room, night in known.get(Group, command.group_id).nights:
        if any(night in (row.arrival, row.departure) or row.arrival < night < row.departure for row in command.rows):
            yield from (room_night_stream(code, door, night) for door in doors_of(room))


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Book them all. Refusals in order: state, version, then every mistake of the list at once, then rooms."""
    command, code = envelope.asks(PickUp), envelope.property_code
    group = known.get(Group, command.group_id)
    group.must_be_definite()
    group.must_stand_at(known.version(command.group_id), command.expected_version)
    today = local_date(now, opened(known, code).time_zone)
    prices = _checked(command, known, code, today)
    foreseen = Foreseen(known)
    booked = [
        _book(envelope, number, row, price, foreseen, now)
        for number, (row, price) in enumerate(zip(command.rows, prices, strict=True), 1)
    ]
    return Decision(
        changes=foreseen.changes,
        guards=(property_stream(code), rates_stream(code)),
        answer={"group_id": command.group_id, "reservations": booked},
    )


def _reservation_id(envelope: Envelope, number: int) -> UUID:
    return made_by(envelope.command_id, f"reservation/{number}")


def _checked(command: PickUp, known: Known, code: str, today: date) -> list[StayPrice]:
    """Give the price of each row. Raises ListWrong with every mistake: party, dates, price, block, duplicates."""
    hotel = known.get(Property, property_stream(code))
    rates = known.get(Rates, rates_stream(code))
    group = known.get(Group, command.group_id)
    left = group.counts()
    prices: list[StayPrice] = []
    mistakes = duplicates(command.rows)
    for row in command.rows:
        try:
            hotel.welcome(row.room_type, row.adults, row.children)
            row.dates.check(today)
            prices.append(_price(rates, group.rate_plan, row))
            mistakes += _outside(row, left, elastic=group.must_be_live().elastic)
        except Refusal as refusal:
            field = refusal.details.get("field") or refusal.field or "row"
            mistakes.append(Mistake(line=row.line, field=str(field), message=refusal.message))
    if mistakes:
        raise refuse(sorted(mistakes, key=lambda each: each.line))
    return prices


def _price(rates: Rates, rate_plan: str, row: RoomingRow) -> StayPrice:
    return rates.price(
        room_type=row.room_type, rate_plan=rate_plan, dates=row.dates, adults=row.adults, children=row.children
    )  # fmt: skip


def _outside(row: RoomingRow, left: Counter[tuple[str, date]], *, elastic: bool) -> Iterator[Mistake]:
    """Count a row's nights off the block; tell the first one that the block does not have."""
    nights = [(row.room_type, night) for night in row.dates]
    missing = [night for kind, night in nights if left[kind, night] < 1]
    if missing and not elastic:
        message = f"the block has no {row.room_type} left on {missing[0]}: enlarge it, or choose another type or date"
        yield Mistake(line=row.line, field="arrival", message=message)
        return
    for key in nights:
        left[key] -= left[key] > 0


def _book(
    envelope: Envelope, number: int, row: RoomingRow, price: StayPrice, foreseen: Foreseen, now: datetime
) -> dict[str, object]:
    """Add one row's reservation to what is foreseen; give its place in the answer. Raises ListWrong, IdReused, Unread."""
    command, code = envelope.asks(PickUp), envelope.property_code
    reservation_id = _reservation_id(envelope, number)
    if foreseen.get(Reservation, reservation_id).state != "none":
        raise IdReused("This Idempotency-Key booked a list before: look at the group, or send a new key for a new list.")
    room = _room_for(row, command.group_id, code, foreseen, now)
    stay = BookedStay(
        stay_id=made_by(envelope.command_id, f"stay/{number}"), room_type=row.room_type, room=room,
        rate_plan=foreseen.get(Group, command.group_id).rate_plan, dates=row.dates, adults=row.adults,
        children=row.children, price=price, wishes=row.wishes,
        pin="promised" if is_promised(row.wishes) else "",
    )  # fmt: skip
    picked = _picked(command.group_id, stay, foreseen)
    foreseen.happen(given_back(code, command.group_id, picked, foreseen, "picked_up"))
    foreseen.happen([Change(reservation_id, _held(envelope, number, stay, now))])
    foreseen.happen(_nights(code, reservation_id, stay, foreseen, now))
    foreseen.happen([Change(reservation_id, Reservation.Confirmed(guarantee=GUARANTEE))])
    had = {night for block in picked for night in block.dates}
    beyond = joined({(room, night): row.room_type for night in stay.dates if night not in had})
    foreseen.happen([Change(command.group_id, Group.PickedUp(reservation_id=reservation_id, blocks=picked, beyond=beyond))])
    return {
        "line": row.line, "reservation_id": reservation_id, "confirmation_code": confirmation_code(code, reservation_id),
        "room_type": row.room_type, "room": room, "arrival": row.arrival, "departure": row.departure,
    }  # fmt: skip


def _room_for(
    row: RoomingRow, group_id: UUID, code: str, foreseen: Foreseen, now: datetime
) -> str:  # fmt: skip
    """Choose a room: one that the block has for all these nights, then any that can be had; promises are kept.

    Raises ListWrong, Unread.
    """
    nights = foreseen.get(Group, group_id).nights
    had = Counter(room for (room, _), kind in nights.items() if kind == row.room_type)
    whole = [room for room in sorted(had) if all((room, night) in nights for night in row.dates)]
    hotel = foreseen.get(Property, property_stream(code))
    suitable = [room for room in fitting(hotel, hotel.rooms_of(row.room_type), row.wishes, ()) if room in whole]
    if suitable:
        return suitable[0] if row.wishes else min(suitable, key=lambda room: (had[room], room))
    # Doors that the block has for another type (a house made of rooms) are not free for this one.
    others = {door for (room, _), kind in nights.items() if kind != row.room_type for door in doors_of(room)}
    is_apart = others.isdisjoint(door for room in hotel.rooms_of(row.room_type) for door in doors_of(room))
    found = find_foreseen(
        foreseen, code=code, room_type=row.room_type, dates=row.dates, wanted=1, now=now,
        ignoring=frozenset({group_id} if is_apart else ()), wishes=row.wishes,
    )  # fmt: skip
    if not found:
        message = f"no {row.room_type} as wished for is free for all these nights: choose another type, dates or wishes"
        raise refuse([Mistake(line=row.line, field="room_type", message=message)])
    return found[0]


def _picked(group_id: UUID, stay: BookedStay, foreseen: Foreseen) -> tuple[Block, ...]:
    """Say which nights of the block the stay uses up: its own room's, else another room's of the type."""
    nights = foreseen.get(Group, group_id).nights
    used: dict[tuple[str, date], str] = {}
    for night in stay.dates:
        rooms = sorted(room for (room, at), kind in nights.items() if (kind, at) == (stay.room_type, night))
        if rooms:
            used[stay.room if stay.room in rooms else rooms[-1], night] = stay.room_type
    return joined(used)


def _held(envelope: Envelope, number: int, stay: BookedStay, now: datetime) -> Reservation.Held:
    """Hold and confirm in one commit: nobody has to pay before they have the room, the group has it already."""
    code = envelope.property_code
    whole, pay_now = sum_of_stays([stay], stay.price.total.currency)
    return Reservation.Held(
        confirmation_code=confirmation_code(code, _reservation_id(envelope, number)), stays=(stay,), total=whole,
        pay_now=pay_now, held_until=now, guest=envelope.sealed[f"guest/{number}"],
        language=envelope.asks(PickUp).rows[number - 1].guest.language, channel=GUARANTEE,
        booked_on=envelope.business_date or stay.dates.arrival, fiscal=envelope.sealed.get(f"fiscal/{number}"),
    )  # fmt: skip


def _nights(code: str, reservation_id: UUID, stay: BookedStay, foreseen: Foreseen, now: datetime) -> Iterator[Change]:
    for stream, door, night in each_night(code, stay.room, stay.dates):
        for event in foreseen.get(RoomNight, stream).hold(
            room=door, stay_date=night, stay_id=stay.stay_id, reservation_id=reservation_id, held_until=now, now=now
        ):
            yield Change(stream, event)
    for stream, door, night in each_night(code, stay.room, stay.dates):
        yield Change(stream, foreseen.get(RoomNight, stream).confirm(room=door, stay_date=night, stay_id=stay.stay_id))


HANDLER = Handler(reads, decide)
