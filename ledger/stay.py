"""One stay of a reservation: what was booked, as events keep it, and what has become of it, as it is folded from them.

Values only: who may change a stay, and when, is for the reservation and its commands to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from ledger.ids import doors_of
from ledger.money import Money, total
from ledger.price import StayPrice
from ledger.stay_dates import StayDates

StayState = Literal["held", "confirmed", "checked_in", "checked_out", "cancelled", "no_show", "expired", "abandoned"]
BEFORE_ARRIVAL = frozenset({"held", "confirmed"})
LIVE = BEFORE_ARRIVAL | {"checked_in"}
"""States in which a stay has room-nights that can still be given up."""
SOLD = LIVE | {"checked_out"}
"""States in which the guest owes the price, and not a fee for having given it up."""
DERIVED: tuple[tuple[str, str], ...] = (
    ("checked_in", "in_house"), ("confirmed", "confirmed"), ("held", "held"), ("checked_out", "checked_out"),
    ("no_show", "no_show"), ("cancelled", "cancelled"), ("expired", "expired"), ("abandoned", "abandoned"),
)  # fmt: skip
"""State of a stay → state of a reservation that has such a stay and none of those above."""


class BookedStay(Struct, frozen=True, kw_only=True, gc=False):
    """One stay of a reservation: who sleeps where, when, and for how much."""

    stay_id: UUID
    room_type: str
    room: str
    rate_plan: str
    dates: StayDates
    adults: int
    children: int
    price: StayPrice
    slot: str = "night"
    wishes: tuple[str, ...] = ()
    pin: str = ""


Segment = tuple[date, str]
"""First night in a room, and the room."""


class LiveStay(Struct, frozen=True, kw_only=True, gc=False):
    """A stay as it is now. Never stored.

    `segments` list the rooms in order, the first from arrival, each up to the next. `fee` is what the hotel keeps of one that
    was given up, `extras` what came on top of the price: an early arrival, a late departure.
    """

    booked: BookedStay
    state: StayState
    segments: tuple[Segment, ...]
    fee: Money
    extras: Money

    @property
    def stay_id(self) -> UUID:
        """The id it was booked under."""
        return self.booked.stay_id

    @property
    def pin(self) -> str:
        """Why its room is promised; empty when it may be moved."""
        return self.booked.pin

    @property
    def is_live(self) -> bool:
        """Whether it has room-nights that can still be given up."""
        return self.state in LIVE

    @property
    def owed(self) -> Money:
        """What the guest has to pay for it in all: its price and what came on top, or the fee for having given it up."""
        return (self.booked.price.total if self.state in SOLD else self.fee) + self.extras

    def room_on(self, night: date) -> str:
        """Name the room of a night; before arrival the first one, after departure the last."""
        return next((room for first, room in reversed(self.segments) if first <= night), self.segments[0][1])

    def nights(self) -> Iterator[tuple[date, str]]:
        """Give each room-night that it has, in order; none when it was given up. Several a night when it has several doors."""
        if self.state in SOLD:
            yield from doors_by_night((night, self.room_on(night)) for night in self.booked.dates)


def doors_by_night(nights: Iterable[tuple[date, str]]) -> Iterator[tuple[date, str]]:
    """Give the room-nights of rooms by night: a villa of several rooms takes them all."""
    return ((night, door) for night, room in nights for door in doors_of(room))


def as_held(stay: BookedStay) -> LiveStay:
    """Give a stay as it begins: held, in one room."""
    nothing = Money(0, stay.price.total.currency)
    return LiveStay(booked=stay, state="held", segments=((stay.dates.arrival, stay.room),), fee=nothing, extras=nothing)


def all_in(stays: Mapping[UUID, LiveStay], state: StayState) -> dict[UUID, LiveStay]:
    """Give the stays with all in a state that had not begun and were not given up before."""
    return {key: replace(stay, state=state) if stay.state in BEFORE_ARRIVAL else stay for key, stay in stays.items()}


def rebooked(stay: LiveStay, booked: BookedStay) -> LiveStay:
    """Give the stay as it was booked anew. Its rooms stay, cut to the dates, when the last one is still `booked.room`.

    Otherwise all its nights are in that room.
    """
    arrival, departure = booked.dates.arrival, booked.dates.departure
    cut = _joined((max(first, arrival), room) for first, room in stay.segments if first < departure)
    if not cut or cut[-1][1] != booked.room:
        cut = ((arrival, booked.room),)
    return replace(stay, booked=booked, segments=((arrival, cut[0][1]), *cut[1:]))


def reinstated(stay: LiveStay, booked: BookedStay, fee: Money) -> LiveStay:
    """Give a stay that was given up as it is booked again; `fee` is owed on top of what is left of its price."""
    back = rebooked(stay, booked)
    return replace(back, state="confirmed", fee=Money(0, fee.currency), extras=back.extras + fee)


def moved(stay: LiveStay, first_night: date, to_room: str) -> LiveStay:
    """Give the stay in another room from a night on, up to where it changes rooms next, or to its end."""
    before = [segment for segment in stay.segments if segment[0] < first_night]
    after = [segment for segment in stay.segments[1:] if segment[0] > first_night]
    begin = max(first_night, stay.segments[0][0])
    segments = _joined([*before, (begin, to_room), *after])
    return replace(stay, booked=replace(stay.booked, room=segments[-1][1]), segments=segments)


def _joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Drop what a later segment of the same day covers, and changes from a room to itself."""
    by_day = dict(segments)
    rooms = [None, *by_day.values()]
    return tuple(segment for segment, before in zip(by_day.items(), rooms, strict=False) if segment[1] != before)


def state_of(stays: Iterable[LiveStay]) -> str:
    """Derive the state of a reservation from its stays; none when it has none."""
    states = {stay.state for stay in stays}
    return next((derived for state, derived in DERIVED if state in states), "none")


def sum_of_stays(stays: Sequence[BookedStay], currency: str) -> tuple[Money, Money]:
    """Give (total, due now) of stays."""
    return (
        total((stay.price.total for stay in stays), currency),
        total((stay.price.pay_now for stay in stays), currency),
    )
