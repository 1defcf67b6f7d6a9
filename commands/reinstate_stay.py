"""Take back guests who came after their no-show: in their room or another of its type, at the price that was agreed.

Nights before the one that they begin with stay unused. For these the hotel keeps at most what they cost, and never more than
the no-show fee: no night is paid for twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from aggregates.reservation import Reservation
from commands.desk import Desk, Over, desk_of, money, reads_of
from commands.foreseen import Foreseen
from commands.free_rooms import are_free
from commands.private_fields import GuestForgotten
from commands.rooming_anew import book, in_another_room, made_whole
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import doors_of, property_stream, room_night_stream
from ledger.money import Money
from ledger.price import part_of
from ledger.refusal import Refusal
from ledger.stay import BookedStay, LiveStay, reinstated
from ledger.stay_dates import StayDates


class ReinstateStay(Command):
    """Without `first_night` it is the night that guests who come now sleep in. `waive_fee`: nights before it cost nothing."""

    reservation_id: UUID
    stay_id: UUID
    first_night: date | None = None
    waive_fee: bool = False
    expected_version: int | None = None

    class NightOutside(Refusal):
        code = "stay.night_outside"
        field = "first_night"

    class SoldOut(Refusal):
        code = "sold_out"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments, and the room-nights that it had."""
    command = envelope.asks(ReinstateStay)
    yield from reads_of(envelope, known, command.reservation_id)
    stay = known.get(Reservation, command.reservation_id).live.get(command.stay_id)
    if stay is not None:
        yield from _streams(envelope.property_code, replace(stay, state="confirmed"))


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Take them back or say why not.

    Refusals in order: reservation, version, stay and its state, forgotten guest, past stay, night, room, Payment.InFlight.
    """
    command = envelope.asks(ReinstateStay)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "no_show")
    if desk.reservation.vendors_left is not None:
        raise GuestForgotten("This guest was forgotten, nobody can say who comes: book them in as a walk-in.")
    wished, fee = _left(desk, stay, command)
    after, rooms = _roomed(desk, stay, wished, fee)
    before = desk.reservation.owed - stay.fee
    refund, settled = desk.settle(before + after.price.total + fee, "reinstated")
    back = Reservation.StayReinstated(stay_id=stay.stay_id, stay=after, fee=fee, refund=refund)
    return Decision(
        changes=[*desk.tell(back), *rooms, *settled],
        guards=(property_stream(desk.code),),
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": "confirmed", "room": after.room,
            "arrival": after.dates.arrival, "departure": after.dates.departure,
            "total": money(after.price.total), "fee": money(fee), "refund": money(refund),
        },
    )  # fmt: skip


def _left(desk: Desk, stay: LiveStay, command: ReinstateStay) -> tuple[BookedStay, Money]:
    """Give the stay from its first night on, at the price of the nights that are left, and what is kept for those before."""
    booked = stay.booked
    earliest = max(booked.dates.arrival, desk.tonight)
    if booked.slot != "night" or booked.dates.departure <= earliest:
        raise Over(
            f"This stay ended on {booked.dates.departure}: book the guests in as a walk-in.",
            departure=booked.dates.departure.isoformat(),
        )
    first = command.first_night or earliest
    if not earliest <= first < booked.dates.departure:
        raise ReinstateStay.NightOutside(
            f"The guests can have nights from {earliest} up to the departure on {booked.dates.departure}: choose one of them."
        )
    dates = StayDates(first, booked.dates.departure)
    price = part_of(booked.price, set(dates))
    fee = desk.nothing if command.waive_fee else min(stay.fee, booked.price.total - price.total)
    return replace(booked, dates=dates, price=price), fee


def _roomed(desk: Desk, stay: LiveStay, wished: BookedStay, fee: Money) -> tuple[BookedStay, list[Change]]:
    """Give it its rooms when they are free, else another one: (stay, room-nights)."""
    kept, then = reinstated(stay, wished, fee), Foreseen(desk.known)
    streams = list(_streams(desk.code, kept))
    desk.known.require(streams)
    if _exist(desk, kept) and are_free(streams, desk.known, desk.now):
        return kept.booked, book(desk, kept, kept.nights(), desk.known)
    after = in_another_room(desk, kept, replace(wished, pin=""), then)
    if after is None:
        raise ReinstateStay.SoldOut(
            f"No room of this type is free from {wished.dates.arrival} to {wished.dates.departure}: book the guests in as a"
            " walk-in, in another type or for fewer nights.",
            rooms_left=0,
        )
    return after, [*desk.tell(*made_whole(kept, after)), *then.changes]


def _streams(code: str, stay: LiveStay) -> Iterable[UUID]:
    return (room_night_stream(code, room, night, stay.booked.slot) for night, room in stay.nights())


def _exist(desk: Desk, stay: LiveStay) -> bool:
    """Tell whether the hotel still has the rooms of a stay: nobody asked while it had none of their nights."""
    rooms = {room.code for room in desk.definition.rooms}
    return all(door in rooms for _, room in stay.segments for door in doors_of(room))


HANDLER = Handler(reads, decide)
