"""A reservation's stays as they are now, folded from its events: dates, rooms, party, price, pin and state.

Part of the document of `reservations`, which pages, letters and the API show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec
from msgspec.structs import replace

from aggregates.reservation import Reservation
from ledger.event import Event
from ledger.keys import Sealed
from ledger.money import Money, total
from ledger.stay import BEFORE_ARRIVAL, SOLD, BookedStay, LiveStay, Segment, StayState, as_held, moved, rebooked, reinstated


class StayRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One stay as it is now. `refund` is what was promised back when it was given up.

    `guests` are those who were named for it: personal data, bound to the command `guests_by` that named them.
    """

    stay: LiveStay
    refund: Money | None = None
    departed_on: date | None = None
    guests: Sealed | None = None
    guests_by: UUID | None = None

    @property
    def booked(self) -> BookedStay:
        """Dates, party, room type, rate plan and price."""
        return self.stay.booked

    @property
    def state(self) -> StayState:
        """What it has come to: held, confirmed, checked_in, checked_out, cancelled, no_show, expired or abandoned."""
        return self.stay.state

    @property
    def rooms(self) -> tuple[Segment, ...]:
        """The rooms in turn, each from its first night on; the last one is where the stay ends."""
        return self.stay.segments

    @property
    def pin(self) -> str:
        """Why this room and no other; empty when the stay may be moved."""
        return self.booked.pin

    @property
    def fee(self) -> Money | None:
        """What the hotel keeps of a stay that was given up."""
        return self.stay.fee if self.state in {"cancelled", "no_show"} else None

    @property
    def extras(self) -> Money | None:
        """What an early arrival or a late departure costs on top."""
        return self.stay.extras or None


def stays_of(held: Reservation.Held, state: StayState = "held") -> list[StayRow]:
    """List the stays as they were when they were held, all in one state."""
    stays = map(as_held, held.stays)
    return [StayRow(stay=replace(stay, state=state)) for stay in stays]


def fold_stays(rows: Sequence[StayRow], event: Event) -> None:
    """Take an event that is about all stays, or about one of them, over into the rows."""
    state = ALL_BECOME.get(event.topic)
    if state is not None:
        for row in rows:
            if row.state in BEFORE_ARRIVAL:
                row.stay = replace(row.stay, state=state)
    stay_id = getattr(event, "stay_id", None)
    for row in rows:
        if row.stay.stay_id == stay_id:
            _fold(row, event)


ALL_BECOME: Mapping[str, StayState] = {
    Reservation.Confirmed.topic: "confirmed",
    Reservation.Cancelled.topic: "cancelled",
    Reservation.Expired.topic: "expired",
    Reservation.Abandoned.topic: "abandoned",
}
"""What every stay that nobody has come for yet becomes when something happens to the reservation."""


def _fold(row: StayRow, event: Event) -> None:
    stay = row.stay
    match event:
        case Reservation.StayChanged():
            row.stay = rebooked(stay, event.stay)
        case Reservation.StayMoved():
            row.stay = moved(stay, event.first_night, event.to_room)
        case Reservation.StayPinned():
            row.stay = replace(stay, booked=replace(stay.booked, pin=event.reason))
        case Reservation.StayUnpinned():
            row.stay = replace(stay, booked=replace(stay.booked, pin=""))
        case Reservation.StayCheckedIn():
            row.stay = replace(stay, state="checked_in", extras=stay.extras + event.fee)
        case Reservation.StayCheckedOut():
            row.stay = replace(stay, state="checked_out", extras=stay.extras + event.fee)
            row.departed_on = event.departed_on
        case Reservation.StayNoShow():
            row.stay, row.refund = replace(stay, state="no_show", fee=event.fee), event.refund
        case Reservation.StayReinstated():
            row.stay, row.refund = reinstated(stay, event.stay, event.fee), None
        case Reservation.StayCancelled():
            row.stay, row.refund = replace(stay, state="cancelled", fee=event.fee), event.refund


def shown(rows: Sequence[StayRow]) -> list[BookedStay]:
    """List the stays that a guest still has or had; all of them when every one was given up."""
    return [row.booked for row in rows if row.state in SOLD] or [row.booked for row in rows]


def cost_of(rows: Sequence[StayRow], currency: str) -> Money:
    """Sum what the stays cost that were not given up, with what came on top."""
    return total((row.stay.owed for row in rows if row.state in SOLD), currency)
