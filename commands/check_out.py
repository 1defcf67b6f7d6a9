"""Check guests out: on the day of departure, later, or early, when the nights that are left become free again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace
from pydantic import Field

from aggregates.reservation import Reservation
from commands.desk import Desk, desk_of, money, reads_of
from commands.hold_stay import LARGEST_PAYMENT_MINOR
from commands.nights import Night, end_some
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.money import Money
from ledger.price import no_show_fee, part_of
from ledger.stay import LiveStay
from ledger.stay_dates import StayDates


class CheckOut(Command):
    """`fee_minor` is what leaving early or late costs; without it, leaving early costs what the policy says, late nothing."""

    reservation_id: UUID
    stay_id: UUID
    fee_minor: int | None = Field(default=None, ge=0, le=LARGEST_PAYMENT_MINOR)
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    return reads_of(envelope, known, envelope.asks(CheckOut).reservation_id)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Check them out or say why not. Nights that are left are not charged, a fee for them by the policy is.

    Refusals in order: reservation, version, stay and its state, Payment.InFlight.
    """
    command = envelope.asks(CheckOut)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "checked_in")
    left = _nights_left(desk, stay)
    shortened = _shortened(stay, left)
    difference = shortened.difference if shortened else desk.nothing
    fee = _fee(desk, stay, left, command.fee_minor)
    late = now > desk.time_of(stay.booked.dates.departure, desk.definition.check_out_time)
    departed = Reservation.StayCheckedOut(stay_id=stay.stay_id, departed_on=desk.today, late=late, fee=fee)
    refund, settled = desk.settle(desk.reservation.owed + difference + fee, "early departure") if left else (desk.nothing, [])
    return Decision(
        changes=[
            *desk.tell(*([shortened] if shortened else []), departed),
            *end_some(desk.code, stay, left, known, "early_departure"),
            *settled,
        ],
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": "checked_out", "late": late,
            "fee": money(fee), "difference": money(difference), "refund": money(refund),
        },
    )  # fmt: skip


def _nights_left(desk: Desk, stay: LiveStay) -> list[Night]:
    """List the nights that the guests will not use; the first night of a stay was used, whenever they leave."""
    used_up_to = max(desk.today, stay.booked.dates.arrival + timedelta(days=1))
    return [(night, room) for night, room in stay.nights() if night >= used_up_to]


def _shortened(stay: LiveStay, left: Sequence[Night]) -> Reservation.StayChanged | None:
    """Tell that the stay ends before its time; the nights that were used cost what was agreed."""
    if not left:
        return None
    dates = StayDates(stay.booked.dates.arrival, left[0][0])
    price = part_of(stay.booked.price, set(dates))
    room = stay.room_on(dates.departure - timedelta(days=1))
    return Reservation.StayChanged(
        stay_id=stay.stay_id,
        stay=replace(stay.booked, dates=dates, price=price, room=room),
        difference=price.total - stay.booked.price.total,
        reason="shortened",
    )


def _fee(desk: Desk, stay: LiveStay, left: Sequence[Night], fee_minor: int | None) -> Money:
    if fee_minor is not None:
        return Money(fee_minor, desk.nothing.currency)
    return no_show_fee(part_of(stay.booked.price, {night for night, _ in left})) if left else desk.nothing


HANDLER = Handler(reads, decide)
