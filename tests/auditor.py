"""A second, naive model of a hotel: what must be refused, and who holds what afterwards.

It shares no code with the product and imports nothing of it. Where it and the product disagree, one of them is wrong. Which
free room a stay gets is the product's to choose: the auditor takes the choice over, when nobody is wronged by it. What every
log of a hotel must obey is `tests/inspector.py`'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from tests.inspector import law
from tests.naive_house import DOORS, ROOMS, SHORTEST, Lodger, Night, anywhere, behind, can_lodge, days, kind_of, too_many
from tests.selling_rules import SellingRule, refused_by

COLOMBO = timedelta(hours=5, minutes=30)
RUNNING = ("asked", "open")
LIVE = ("held", "confirmed", "checked_in")
SOLD = (*LIVE, "checked_out")
BOOKED = ("confirmed", "checked_in", "checked_out")
UNTIL_ARRIVAL = ("held", "confirmed")
OR = " or "
EITHER = f"accepted{OR}"
TOLD = ("checked_in", "confirmed", "held", "checked_out", "no_show", "cancelled", "expired", "abandoned")
"""A booking is what the first of these is that one of its stays is; checked in is called in house."""


@dataclass
class Stay:
    """A stay as the auditor sees it: a room for each night."""

    booking: str
    kind: str
    plan: str
    adults: int
    rooms: dict[date, str]
    slot: str = "night"
    state: str = "held"
    pinned: bool = False
    wishes: tuple[str, ...] = ()
    children: int = 0

    @property
    def arrival(self) -> date:
        return min(self.rooms)

    @property
    def departure(self) -> date:
        return max(self.rooms) + timedelta(days=1)

    @property
    def nights(self) -> Iterator[Night]:
        for day, room in self.rooms.items():
            yield from behind(room, day, self.slot)


@dataclass
class Booking:
    """A reservation as the auditor sees it: its stays in order, its payments, and until when it is held."""

    stays: list[str]
    until: datetime
    holder: str
    payments: list[str] = field(default_factory=list)
    version: int = 1


@dataclass(frozen=True)
class Holding:
    """Who has a night: a stay or a block. A hold has an end; out of order, a room is `closed`, by day as well."""

    who: str
    state: str
    until: datetime | None = None
    closed: bool = False


def today(now: datetime) -> date:
    """Give the date at the hotel."""
    return (now + COLOMBO).date()


CHECK_OUT = timedelta(hours=11)


def tonight(now: datetime) -> date:
    """Give the night that somebody who comes now sleeps in: before check-out time that of the day before."""
    return today(now - CHECK_OUT)


class Auditor:
    """Says beforehand what the hotel must answer, and keeps its own list of who holds which night."""

    def __init__(self) -> None:
        self.bookings: dict[str, Booking] = {}
        self.stays: dict[str, Stay] = {}
        self.nights: dict[Night, Holding] = {}
        self.payments: dict[str, str] = {}
        self.payer: dict[str, str] = {}
        self.purpose: dict[str, str] = {}
        self.refunds_under_way: Counter[str] = Counter()
        self.selling: list[SellingRule] = []

    # —— What must be answered: the code of the refusal, or nothing when it must be accepted

    def on_hold(
        self,
        *,
        kind: str,
        plan: str,
        adults: int,
        arrival: date,
        nights: int,
        rooms: int,
        holder: str,
        most: int,
        now: datetime,
    ) -> str:
        if nights < 1:
            return "dates.departure_not_after_arrival"
        if arrival < today(now):
            return "dates.past"
        if too_many(kind, adults):
            return "property.too_many_guests"
        refused = self.on_rules(kind, plan, days(arrival, nights)) or self.on_holder(holder, most, now)
        return refused or self.on_rooms(kind, days(arrival, nights), rooms, now)

    def on_rules(self, kind: str, plan: str, dates: list[date], slot: str = "night") -> str:
        """Say whether the hotel sells this: its restrictions are about nights, the shortest stay of a plan is about all."""
        closed = refused_by(self.selling, kind, plan, dates, dates[-1] + timedelta(days=1)) if slot == "night" else ""
        return closed or ("restriction.min_stay" if len(dates) < SHORTEST[plan] else "")

    def on_holder(self, holder: str, most: int, now: datetime) -> str:
        theirs = [name for name, booking in self.bookings.items() if booking.holder == holder]
        live = sum(self.state(name) == "held" and self.bookings[name].until > now for name in theirs)
        return "holder.too_many_holds" if live >= most else ""

    def on_rooms(
        self, kind: str, dates: list[date], rooms: int, now: datetime, *, but: str = "", slot: str = "night",
        only: Collection[str] = DOORS,
    ) -> str:  # fmt: skip
        """Say whether so many rooms can be had: at once, or by moving others; either answer is right where promises are.

        The nights of `but` count as free; nobody is moved for a day.
        """
        made_of_rooms = "+" in ROOMS[kind][0]
        free = self.free_rooms(kind, dates, now, but=but, slot=slot)
        if sum(made_of_rooms or room in only for room in free) >= rooms:
            return ""
        if slot == "day":
            return "sold_out"
        if made_of_rooms:
            house = [night for day in dates for night in behind(ROOMS[kind][0], day)]
            return f"{EITHER}sold_out" if rooms == 1 and self.could_make_way(house, now, but=but) else "sold_out"
        moving, staying = self._lodged(kind, now, but)
        if not can_lodge([*moving, *[(frozenset(dates), frozenset(only))] * rooms], staying):
            return "sold_out"
        return f"{EITHER}sold_out" if any(staying.values()) else ""

    def on_confirm(self, name: str) -> str:
        return self._must_be_held(name) or ("room_night.not_held" if self.lost(name) else "")

    def on_expire(self, name: str, now: datetime) -> str:
        refused = self._must_be_held(name)
        return refused or ("reservation.still_held" if self.bookings[name].until > now and not self.lost(name) else "")

    def on_cancel(self, name: str, now: datetime) -> str:
        if name not in self.bookings:
            return "reservation.unknown"
        if self.state(name) == "held":
            return ""
        if self.state(name) != "confirmed":
            return "reservation.not_confirmed"
        if self.in_flight(name):
            return "payment.in_flight"
        begun = any(stay.arrival < today(now) for stay in self.stays_of(name) if stay.state in LIVE)
        return "reservation.begun" if begun else ""

    def on_request(self, name: str, now: datetime) -> str:
        if name in self.bookings and self.running(name):
            return ""
        refused = self._must_be_held(name)
        return refused or ("reservation.not_held" if self.bookings[name].until <= now else "")

    # —— What follows when it was accepted

    def hold(self, name: str, stays: Mapping[str, Stay], until: datetime, holder: str) -> None:
        """Take a new booking into the book; its rooms are adopted with those of the stays that made room for it."""
        self.bookings[name] = Booking(list(stays), until, holder)
        self.stays.update(stays)

    def confirm(self, name: str) -> None:
        self._void(name)
        self._book(name)

    def end(self, name: str, state: str) -> None:
        """Expire, give back or cancel all that is not in house: the nights that are still the booking's become free."""
        self._void(name)
        for stay_id in self.bookings[name].stays:
            if self.stays[stay_id].state in UNTIL_ARRIVAL:
                self.end_stay(stay_id, state)

    def end_stay(self, stay_id: str, state: str, from_night: date = date.min) -> None:
        """End one stay; its nights from a date on become free."""
        for night in [night for night, holding in self.nights.items() if holding.who == stay_id and night[1] >= from_night]:
            del self.nights[night]
        self.stays[stay_id].state = state

    def cancel(self, name: str, refunded: Mapping[str, int]) -> None:
        """`refunded` says how much of which payment goes back."""
        self.end(name, "abandoned" if self.state(name) == "held" else "cancelled")
        self.give_back(refunded)

    def give_back(self, refunded: Mapping[str, int]) -> None:
        for payment, amount in refunded.items():
            law(self.payments[payment] in {"captured", "refund due", "refunded", "lost"} and amount > 0, f"{payment} went back")
            self.payments[payment] = "refund due"
            self.refunds_under_way[payment] += 1

    def adopt(self, rooms: Mapping[str, Mapping[date, str]], asked: set[str], now: datetime) -> None:
        """Take over which stays have which rooms now, those that were `asked` about and those that made room for them."""
        for stay_id, given in rooms.items():
            stay = self.stays[stay_id]
            if stay_id not in asked:
                law(set(given) == set(stay.rooms), f"{stay_id} made room and has other nights")
                law(stay.state in UNTIL_ARRIVAL and not stay.pinned, f"{stay_id} made room and is {stay.state} or promised")
                law(stay.arrival > today(now), f"{stay_id} made room and arrives today")
                same = {kind_of(room) for room in given.values()} == {kind_of(room) for room in stay.rooms.values()}
                law(same, f"{stay_id} made room and has another type of room")
            self.leaves(stay_id)
        for stay_id, given in rooms.items():
            stay = self.stays[stay_id] = replace(self.stays[stay_id], rooms=dict(given))
            until = self.bookings[stay.booking].until if stay.state == "held" else None
            for night in stay.nights:
                law(self.free(night, now), f"{night} was given to {stay_id} and is not free")
                self.nights[night] = Holding(stay_id, "held" if until else "booked", until)

    # —— Payments

    def request(self, name: str, payment: str, purpose: str = "deposit") -> None:
        if self.running(name, purpose):
            law(payment == self.running(name, purpose), "two payments live at once")
            return
        self.bookings[name].payments.append(payment)
        self.payments[payment], self.payer[payment], self.purpose[payment] = "open", name, purpose

    def running(self, name: str, purpose: str = "deposit") -> str:
        theirs = [payment for payment in self.bookings[name].payments if self.purpose[payment] == purpose]
        return next((payment for payment in theirs if self.payments[payment] in RUNNING), "")

    def in_flight(self, name: str) -> bool:
        return any(self.payments[payment] == "capturing" for payment in self.bookings[name].payments)

    def observe(self, payment: str, status: str, *, right_amount: bool) -> None:
        """Take over what was seen at the bank while the payment stood where it stands."""
        state, name = self.payments[payment], self.payer[payment]
        if status in {"canceled", "expired"} and state in {"open", "voiding", "closed", "capturing"}:
            self.payments[payment] = "lost" if state == "capturing" else "closed"
        elif status == "succeeded" and state == "capturing":
            self.payments[payment] = "captured"
        elif status == "succeeded" and state in {"voiding", "closed"}:
            self.give_all_back(payment)
        elif status == "requires_capture" and state == "closed":
            self.payments[payment] = "voiding"
        elif status in {"requires_capture", "succeeded"} and state == "open":
            booked = right_amount and self.state(name) == "held" and not self.lost(name)
            if booked:
                self._book(name)
            elif self.state(name) == "held":
                self.end(name, "expired")
            self.money_came(payment, status, wanted=booked)

    def money_came(self, payment: str, status: str, *, wanted: bool) -> None:
        """Take over that money was reserved or taken on an open page: it stays when it is wanted, else it goes back."""
        good, bad = ("capturing", "voiding") if status == "requires_capture" else ("captured", "refund due")
        self.payments[payment] = good if wanted else bad
        if self.payments[payment] == "refund due":
            self.give_all_back(payment)

    def give_all_back(self, payment: str) -> None:
        self.payments[payment] = "refund due"
        self.refunds_under_way[payment] += 1

    def refund(self, payment: str, status: str) -> None:
        if self.payments[payment] == "refund due" and status in {"succeeded", "failed", "canceled"}:
            self.refunds_under_way[payment] -= 1
            over = "refunded" if status == "succeeded" else "lost"
            self.payments[payment] = "refund due" if self.refunds_under_way[payment] else over

    # —— What the book says

    def state(self, name: str) -> str:
        """Give the state of a booking, which its stays make."""
        states = {stay.state for stay in self.stays_of(name)}
        first = next(state for state in TOLD if state in states)
        return "in_house" if first == "checked_in" else first

    def told(self, stay_id: str) -> tuple[object, ...]:
        """Give what there is to know about a stay; its rooms only when it was not given up."""
        stay = self.stays[stay_id]
        rooms = stay.rooms if stay.state in SOLD else {}
        return stay.state, stay.kind, stay.plan, stay.adults, stay.children, stay.slot, stay.wishes, stay.pinned, rooms

    def stays_of(self, name: str) -> list[Stay]:
        return [self.stays[stay_id] for stay_id in self.bookings[name].stays]

    def holders(self) -> dict[Night, tuple[str, str]]:
        """Give for each night that is not free: which stay or block has it, and held, booked or blocked."""
        return {night: (holding.who, holding.state) for night, holding in self.nights.items()}

    def sold(self) -> Counter[tuple[str, str, str]]:
        """Count the room-nights that were sold by stay date, room type and rate plan."""
        stays = [stay for stay in self.stays.values() if stay.state in BOOKED and stay.slot == "night"]
        return Counter((day.isoformat(), stay.kind, stay.plan) for stay in stays for day in stay.rooms)

    def free(self, night: Night, now: datetime, *, but: str = "") -> bool:
        """Tell whether a night can be taken, or is taken by `but`."""
        holding = self.nights.get(night)
        return holding is None or holding.who == but or (holding.until is not None and holding.until <= now)

    def room_free(self, room: str, day: date, now: datetime, *, but: str = "", slot: str = "night") -> bool:
        return self.is_open(room, day, slot) and all(self.free(night, now, but=but) for night in behind(room, day, slot))

    def is_open(self, room: str, day: date, slot: str) -> bool:
        """Tell whether a room can be used by day, as far as its night goes."""
        nights = [self.nights[night] for night in behind(room, day) if night in self.nights]
        return slot == "night" or not any(holding.closed for holding in nights)

    def free_rooms(self, kind: str, dates: list[date], now: datetime, *, but: str = "", slot: str = "night") -> list[str]:
        return [room for room in ROOMS[kind] if all(self.room_free(room, day, now, but=but, slot=slot) for day in dates)]

    def lost(self, name: str) -> bool:
        """Tell whether somebody took a night of the booking after its time was over."""
        return any(
            night not in self.nights or self.nights[night].who != stay_id
            for stay_id in self.bookings[name].stays
            for night in self.stays[stay_id].nights
            if self.stays[stay_id].state == "held"
        )

    def _lodged(self, kind: str, now: datetime, but: str) -> tuple[list[Lodger], dict[str, set[date]]]:
        """Give the nights of each stay that may change rooms, and by room the nights of all that may not."""
        moving: list[Lodger] = []
        staying: dict[str, set[date]] = {room: set() for room in ROOMS[kind]}
        by_holder: defaultdict[str, list[Night]] = defaultdict(list)
        for night, holding in self.nights.items():
            if night[0] in staying and night[2] == "night" and not self.free(night, now, but=but):
                by_holder[holding.who].append(night)
        for who, nights in by_holder.items():
            stay = self.stays.get(who)
            whole = stay and set(stay.rooms.values()) == {nights[0][0]} and stay.state in UNTIL_ARRIVAL
            if stay and whole and not stay.pinned and stay.arrival > today(now):
                moving.append(anywhere(day for _, day, _ in nights))
            else:
                for room, day, _ in nights:
                    staying[room].add(day)
        return moving, staying

    def could_make_way(self, nights: list[Night], now: datetime, *, but: str = "") -> bool:
        """Tell whether these nights would be free if everybody moved who may."""
        for kind in {kind_of(room) for room, _, _ in nights}:
            moving, staying = self._lodged(kind, now, but)
            for room, day in [(room, day) for room, day, _ in nights if room in staying]:
                if day in staying[room]:
                    return False
                staying[room].add(day)
            if not can_lodge(moving, staying):
                return False
        return True

    def leaves(self, who: str) -> None:
        self.nights = {night: holding for night, holding in self.nights.items() if holding.who != who}

    def _must_be_held(self, name: str) -> str:
        if name not in self.bookings:
            return "reservation.unknown"
        return "" if self.state(name) == "held" else "reservation.not_held"

    def _book(self, name: str) -> None:
        for stay_id in self.bookings[name].stays:
            stay = self.stays[stay_id]
            if stay.state == "held":
                stay.state = "confirmed"
                self.nights |= {night: Holding(stay_id, "booked") for night in stay.nights}

    def _void(self, name: str) -> None:
        for payment in self.bookings[name].payments:
            if self.payments[payment] in RUNNING:
                self.payments[payment] = "voiding"
