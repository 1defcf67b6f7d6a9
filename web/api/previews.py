"""What a change or a cancellation would cost, told before it is done. Nothing is written, and no room is looked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from commands.change_stay import ChangeStay
from commands.pricing_again import preview
from ledger.clock import local_date
from ledger.money import at_least_nothing
from ledger.stay import LIVE, BookedStay
from queries.bookings import cancellation_preview, kept_of, owed_of
from queries.hotel import Hotel
from queries.reservations import ReservationFound
from web.api.amounts import amount
from web.problems import Problem


def only_stay(found: ReservationFound, stay_id: UUID | None) -> UUID:
    """Give the stay that is meant: the named one, or the only one that is live. Raises Problem 409, 422."""
    known = [row.booked.stay_id for row in found.document.stays]
    live = [row.booked.stay_id for row in found.document.stays if row.state in LIVE]
    if stay_id in known:
        return stay_id
    if stay_id is not None:
        raise Problem("reservation.stay_unknown", "This reservation has no such stay: look at it for the ids of its stays.")
    if not live:
        shown = found.document.state.replace("_", " ")
        raise Problem("stay.not_in_state", f"This reservation is {shown}, no stay of it can be changed: book a new one.")
    if len(live) > 1:
        rule = f"This reservation has {len(live)} live stays: say which of them is meant."
        raise Problem("reservation.which_stay", rule, field="stay_id")
    return live[0]


def change_preview(found: ReservationFound, hotel: Hotel, wish: ChangeStay, now: datetime) -> dict[str, Any]:
    """Say what a change would cost and give back or leave to pay. Raises the refusals of dates, tariff and state."""
    booked = _changeable(found, wish.stay_id)
    seen = preview(booked, wish, hotel.tariff, local_date(now, hotel.definition.time_zone))
    owed, kept = owed_of(found) + seen.difference, kept_of(found)
    return {
        "reservation_id": str(found.reservation_id), "stay_id": str(wish.stay_id), "reason": seen.reason,
        "arrival": seen.stay.dates.arrival, "departure": seen.stay.dates.departure, "nights": seen.stay.dates.nights,
        "before": amount(seen.before), "total": amount(seen.after), "difference": amount(seen.difference),
        "refund": amount(at_least_nothing(kept - owed)), "balance": amount(at_least_nothing(owed - kept)),
        "policy": seen.stay.price.policy.text, "version": found.document.version, "position": found.position, "preview": True,
    }  # fmt: skip


def _changeable(found: ReservationFound, stay_id: UUID) -> BookedStay:
    row = next(row for row in found.document.stays if row.booked.stay_id == stay_id)
    if row.state not in {"confirmed", "checked_in"}:
        shown = row.state.replace("_", " ")
        raise Problem("stay.not_in_state", f"This stay is {shown}: only a booked one can be changed.", state=row.state)
    return row.booked


def giving_up_preview(found: ReservationFound, stay_id: UUID | None, now: datetime) -> dict[str, Any]:
    """Say what giving up a stay, or all of them, would cost and give back."""
    fee, refund = cancellation_preview(found, now, stay_id)
    return {
        "reservation_id": str(found.reservation_id), "fee": amount(fee), "refund": amount(refund),
        "version": found.document.version, "position": found.position, "preview": True,
    }  # fmt: skip
