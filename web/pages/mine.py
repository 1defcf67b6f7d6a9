"""The guest's own booking, for every page that shows or changes it: only the browser that was let in to it gets it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from ledger.clock import local_date
from queries.bookings import Booking, booking_of
from queries.hotel import Hotel
from queries.reservations import ReservationFound
from web.doors import HouseDoor
from web.forms import Forms
from web.house import Desk
from web.pages.views import subject_of
from web.problems import Problem

OWN_PAGE = "/booking/{reservation_id}"
PATIENCE_SECONDS = 4.0
LOOK_SECONDS = 0.04


@dataclass(frozen=True)
class Mine:
    """A reservation as the ledger has it at `now`, with the desk that it is changed at."""

    desk: Desk
    hotel: Hotel
    found: ReservationFound
    now: datetime

    @property
    def reservation_id(self) -> UUID:
        """Which reservation it is."""
        return self.found.reservation_id

    @property
    def address(self) -> str:
        """Where its own page is."""
        return subject_of(self.reservation_id)

    @property
    def booking(self) -> Booking:
        """State and money of it now."""
        return booking_of(self.found, self.hotel, self.now)

    @property
    def today(self) -> date:
        """The date at the hotel."""
        return local_date(self.now, self.hotel.definition.time_zone)

    def stay(self, stay_id: UUID) -> Any:
        """Give the row of one stay. Raises Problem 404."""
        for row in self.found.document.stays:
            if row.booked.stay_id == stay_id:
                return row
        raise Problem("reservation.unknown", "This stay is not part of your booking: open the booking and choose it there.")

    def stay_address(self, stay_id: UUID, action: str) -> str:
        """Where one stay is changed or cancelled."""
        return f"{self.address}/stays/{stay_id}/{action}"

    def is_open(self, row: Any) -> bool:
        """Tell whether the guest may still change or cancel a stay here: it is booked and has not begun."""
        return bool(row.state == "confirmed" and row.booked.dates.arrival >= self.today)


async def my_booking(request: Request, house: HouseDoor, reservation_id: UUID) -> Mine:
    """Give desk and reservation to the browser that was let in to it, and to no other. Raises Problem 401, 404."""
    property_code = Forms(house, request).property_of(reservation_id)
    desk = await house.desk(property_code) if property_code else None
    if desk is None:
        raise Problem("key.unknown", "Open your booking with the link from the confirmation mail.")
    hotel = await desk.hotel.current()
    request.state.hotel = hotel.definition
    found = await desk.reservations.from_ledger(reservation_id)
    if found is None:
        raise Problem("reservation.unknown", "There is no such booking: use the link from the mail.")
    return Mine(desk, hotel, found, house.clock.now())


async def my_settled_booking(request: Request, house: HouseDoor, reservation_id: UUID) -> Mine:
    """Give the booking once no payment of it is just being completed, waiting for that briefly. Raises Problem 401, 404.

    A guest may be quicker than the provider: nothing can be given back of money that is on its way here.
    """
    return await settled(lambda: my_booking(request, house, reservation_id), PATIENCE_SECONDS)


async def settled(look: Callable[[], Awaitable[Mine]], patience_seconds: float) -> Mine:
    """Look again until no payment is just being completed, for so many seconds at most; give what was seen last."""
    deadline = time.monotonic() + patience_seconds
    while True:
        mine = await look()
        if not is_completing(mine) or time.monotonic() > deadline:
            return mine
        await asyncio.sleep(LOOK_SECONDS)


def is_completing(mine: Mine) -> bool:
    """Tell whether money of a booking is just being taken: until that is over, nobody can say what was paid."""
    return any(payment.state == "capturing" for payment in mine.found.document.payments)


MyBooking = Annotated[Mine, Depends(my_booking)]
MySettledBooking = Annotated[Mine, Depends(my_settled_booking)]
