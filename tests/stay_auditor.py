"""The auditor's opinion on what happens to one stay: changed, moved, swapped, promised, checked in and out, given up.

Like all of `tests/auditor.py` it shares no code with the product. Refusals are in the order in which a receptionist would look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tests.auditor import EITHER, LIVE, Auditor, Stay, today, tonight
from tests.inspector import law
from tests.naive_house import DOORS, SHORTEST, behind, days, kind_of, too_many

SWAPPABLE = ("confirmed", "checked_in")


@dataclass(frozen=True)
class Wanted:
    """How a stay is wanted from now on."""

    kind: str
    plan: str
    adults: int
    arrival: date
    departure: date

    @property
    def dates(self) -> list[date]:
        return days(self.arrival, (self.departure - self.arrival).days)


def as_it_is(stay: Stay) -> Wanted:
    return Wanted(stay.kind, stay.plan, stay.adults, stay.arrival, stay.departure)


def kept_rooms(stay: Stay, dates: list[date]) -> dict[date, str]:
    """Give the rooms of a stay on other dates: that of the same night, or of the nearest one that it had."""
    nearest = {day: min(stay.rooms, key=lambda had: abs((had - day).days)) for day in dates}
    return {day: stay.rooms[had] for day, had in nearest.items()}


class StayAuditor(Auditor):
    """An auditor who also knows what may happen to stays."""

    def on_change(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        stay = self.stays[stay_id]
        return (
            self._must_be(stay_id, "confirmed", "checked_in")
            or self._must_not_be_over(stay, now)
            or self._dates(stay, wanted, now)
            or self._wish(stay, wanted)
            or self._rooms_and_money(stay_id, wanted, now)
        )

    def _rooms_and_money(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        rooms, flying = self._rooms(stay_id, wanted, now), self._in_flight(self.stays[stay_id])
        return rooms.replace("accepted", flying) if rooms and flying else rooms or flying

    def _must_be(self, stay_id: str, *states: str) -> str:
        return "" if self.stays[stay_id].state in states else "stay.not_in_state"

    def _must_not_be_over(self, stay: Stay, now: datetime) -> str:
        last = tonight(now) if stay.slot == "night" else today(now)
        return "stay.over" if stay.state == "confirmed" and stay.departure <= last else ""

    def _dates(self, stay: Stay, wanted: Wanted, now: datetime) -> str:
        if wanted.departure <= wanted.arrival:
            return "dates.departure_not_after_arrival"
        if wanted.arrival != stay.arrival and wanted.arrival < today(now):
            return "dates.past"
        soonest = today(now) + timedelta(days=stay.state == "confirmed")
        if wanted.departure < soonest:
            return "dates.past"
        return "dates.not_one_day" if stay.slot == "day" and len(wanted.dates) != 1 else ""

    def _wish(self, stay: Stay, wanted: Wanted) -> str:
        if stay.state == "checked_in" and (wanted.arrival, wanted.kind) != (stay.arrival, stay.kind):
            return "stay.in_house"
        if too_many(wanted.kind, wanted.adults, stay.children):
            return "property.too_many_guests"
        if wanted == as_it_is(stay):
            return "stay.nothing_new"
        if len(wanted.dates) < SHORTEST[wanted.plan]:
            return "restriction.min_stay"
        same_nights = wanted.dates == sorted(stay.rooms) or stay.state == "checked_in"
        return "" if same_nights else self.on_rules(wanted.kind, wanted.plan, wanted.dates, stay.slot)

    def _rooms(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        stay = self.stays[stay_id]
        if self._can_keep(stay_id, wanted, now):
            return ""
        if stay.state == "checked_in":
            return self._when_others_make_room(stay_id, wanted, now) + "stay.room_taken"
        if stay.pinned:
            return self._when_others_make_room(stay_id, wanted, now) + "stay.pinned"
        return self.on_another_room(stay_id, wanted, now)

    def on_another_room(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        return self.on_rooms(wanted.kind, wanted.dates, 1, now, but=stay_id, slot=self.stays[stay_id].slot)

    def _when_others_make_room(self, stay_id: str, wanted: Wanted, now: datetime) -> str:
        """Say that either answer is right when a stay that keeps its rooms could have them if others moved."""
        stay = self.stays[stay_id]
        if wanted.kind != stay.kind or stay.slot == "day":
            return ""
        kept = [night for day, room in kept_rooms(stay, wanted.dates).items() for night in behind(room, day)]
        return EITHER if self.could_make_way(kept, now, but=stay_id) else ""

    def _can_keep(self, stay_id: str, wanted: Wanted, now: datetime) -> bool:
        """Tell whether a stay can have its rooms for other dates."""
        stay = self.stays[stay_id]
        kept = kept_rooms(stay, wanted.dates).items()
        return wanted.kind == stay.kind and all(
            self.room_free(room, day, now, but=stay_id, slot=stay.slot) for day, room in kept
        )

    def change(self, stay_id: str, wanted: Wanted, rooms: Mapping[date, str], now: datetime) -> None:
        """Take a change over. A stay that can keep its rooms keeps them."""
        stay = self.stays[stay_id]
        law(sorted(rooms) == wanted.dates, f"{stay_id} was to have {wanted.dates} and has {sorted(rooms)}")
        if self._can_keep(stay_id, wanted, now):
            kept = kept_rooms(stay, wanted.dates)
            law(rooms == kept, f"{stay_id} could keep {kept} and was given {rooms}")
        self.stays[stay_id] = replace(stay, kind=wanted.kind, plan=wanted.plan, adults=wanted.adults)
        self._void(stay.booking)

    # —— Rooms

    def on_move(self, stay_id: str, room: str, first: date | None, now: datetime) -> str:
        stay = self.stays[stay_id]
        refused = self._must_be(stay_id, "confirmed", "checked_in")
        if refused:
            return refused
        begin = first or self.movable_from(stay, now)
        if not self.movable_from(stay, now) <= begin < stay.departure:
            return "stay.night_outside"
        moving = self.moving(stay, room, begin)
        if not moving:
            return "stay.nothing_new"
        taken = ("stay.pinned" if stay.pinned else "") or self._takes(stay, room, moving, now, {stay_id})
        enters = stay.state == "checked_in" and min(moving) == today(now)
        return taken or (self._occupied(room, stay_id, now) if enters else "")

    def on_swap(self, stay_id: str, other_id: str, now: datetime, *, other_types: bool) -> str:
        refused = self._must_be(stay_id, *SWAPPABLE) or self._must_be(other_id, *SWAPPABLE)
        if refused:
            return refused
        stay, other = self.stays[stay_id], self.stays[other_id]
        rooms, other_rooms = self.rooms_ahead(stay, now), self.rooms_ahead(other, now)
        for each in (rooms, other_rooms):
            if len(each) != 1:
                return "stay.split" if each else "stay.nothing_new"
        if rooms == other_rooms:
            return "stay.nothing_new"
        (room,), (other_room,), both = rooms, other_rooms, {stay_id, other_id}
        gets = kind_of(other_room), kind_of(room)
        surprises = not other_types and gets not in {gets[::-1], (stay.kind, other.kind)}
        refused = "" if set(stay.rooms) & set(other.rooms) else "swap.no_shared_night"
        refused = refused or ("stay.pinned" if stay.pinned or other.pinned else "")
        refused = refused or ("swap.other_type" if surprises else "")
        return (
            refused
            or self._takes(stay, other_room, self.moving(stay, other_room, today(now)), now, both)
            or self._takes(other, room, self.moving(other, room, today(now)), now, both)
        )

    def on_pin(self, stay_id: str) -> str:
        return self._must_be(stay_id, *LIVE)

    def moved(self, stay_id: str, room: str, first: date) -> dict[date, str]:
        """Give the rooms of a stay that has another one from a night on."""
        return {day: room if day >= first else before for day, before in self.stays[stay_id].rooms.items()}

    def movable_from(self, stay: Stay, now: datetime) -> date:
        return max(stay.arrival, today(now))

    def moving(self, stay: Stay, room: str, first: date) -> list[date]:
        """List the nights that would change rooms."""
        return [day for day, before in stay.rooms.items() if day >= first and before != room]

    def rooms_ahead(self, stay: Stay, now: datetime) -> set[str]:
        """Name the rooms of the nights that are not past."""
        return {room for day, room in stay.rooms.items() if day >= today(now)}

    def _takes(self, stay: Stay, room: str, moving: list[date], now: datetime, leaving: set[str]) -> str:
        if room not in DOORS:
            return "room.unknown"
        if too_many(kind_of(room), stay.adults, stay.children):
            return "property.too_many_guests"
        nights = [(room, day, stay.slot) for day in moving]
        free = all(any(self.free(night, now, but=each) for each in leaving) for night in nights)
        free = free and all(self.is_open(room, day, stay.slot) for day in moving)
        return "" if free else "room_night.taken"

    def _occupied(self, room: str, coming: str, now: datetime) -> str:
        nights = behind(room, today(now) - timedelta(days=1))
        last = {self.nights[night].who for night in nights if night in self.nights} - {coming}
        there = any(who in self.stays and self.stays[who].state == "checked_in" for who in last)
        return "room.occupied" if there else ""

    # —— Arriving and leaving

    def on_check_in(self, stay_id: str, room: str | None, now: datetime) -> str:
        stay = self.stays[stay_id]
        refused = self._must_be(stay_id, "confirmed") or self._must_not_be_over(stay, now)
        if refused or stay.arrival > today(now):
            return refused or "stay.not_due"
        moving = self.moving(stay, room, self.first_slept(stay, now)) if room else []
        if room and moving:
            refused = ("stay.pinned" if stay.pinned else "") or self._takes(stay, room, moving, now, {stay_id})
        return refused or self._occupied(room or stay.rooms[self.first_slept(stay, now)], stay_id, now)

    def first_slept(self, stay: Stay, now: datetime) -> date:
        """Give the night that guests who come now begin with; the last one when they come in the morning after it."""
        return min(today(now), max(stay.rooms))

    def on_check_out(self, stay_id: str, now: datetime) -> str:
        in_flight = self.in_flight(self.stays[stay_id].booking) and self.nights_left(stay_id, now)
        return self._must_be(stay_id, "checked_in") or ("payment.in_flight" if in_flight else "")

    def on_cancel_stay(self, stay_id: str, now: datetime) -> str:
        stay = self.stays[stay_id]
        begun = "reservation.begun" if stay.arrival < today(now) else ""
        return self._must_be(stay_id, "confirmed") or begun or self._in_flight(stay)

    def on_no_show(self, stay_id: str, now: datetime) -> str:
        stay = self.stays[stay_id]
        early = "stay.not_due" if stay.arrival >= today(now) else ""
        return self._must_be(stay_id, "confirmed") or early or self._in_flight(stay)

    def on_reinstate(self, stay_id: str, first: date | None, now: datetime) -> str:
        stay = self.stays[stay_id]
        earliest = max(stay.arrival, tonight(now))
        refused = self._must_be(stay_id, "no_show")
        if refused or stay.slot == "day" or stay.departure <= earliest:
            return refused or "stay.over"
        begin = first or earliest
        if not earliest <= begin < stay.departure:
            return "stay.night_outside"
        rooms, flying = "", self._in_flight(stay)
        if not self._has_rooms_left(stay, begin, now):
            rooms = self.on_another_room(stay_id, replace(as_it_is(stay), arrival=begin), now)
        return rooms.replace("accepted", flying) if rooms and flying else rooms or flying

    def _has_rooms_left(self, stay: Stay, first: date, now: datetime) -> bool:
        """Tell whether a stay can have the rooms back that it had from a night on."""
        return all(self.room_free(room, day, now) for day, room in stay.rooms.items() if day >= first)

    def reinstate(self, stay_id: str, rooms: Mapping[date, str], now: datetime) -> None:
        """Take over that guests came after all. They have their rooms when these are free, else a promise is gone."""
        stay, first = self.stays[stay_id], min(rooms)
        left = {day: room for day, room in stay.rooms.items() if day >= first}
        law(rooms.keys() == left.keys(), f"{stay_id} was to have {sorted(left)} and has {sorted(rooms)}")
        kept = self._has_rooms_left(stay, first, now)
        law(not kept or rooms == left, f"{stay_id} could have {left} and was given {rooms}")
        self.stays[stay_id] = replace(stay, rooms=dict(rooms), state="confirmed", pinned=stay.pinned and kept)
        self._void(stay.booking)

    def nights_left(self, stay_id: str, now: datetime) -> list[date]:
        """List the nights that guests who leave now do not use; the first one they have used."""
        stay = self.stays[stay_id]
        return [day for day in stay.rooms if day >= max(today(now), stay.arrival + timedelta(days=1))]

    def check_out(self, stay_id: str, now: datetime) -> None:
        left, stay = self.nights_left(stay_id, now), self.stays[stay_id]
        if left:
            self._void(stay.booking)
            self.end_stay(stay_id, "checked_out", min(left))
        stay.state = "checked_out"
        stay.rooms = {day: room for day, room in stay.rooms.items() if day not in left}

    def give_up(self, stay_id: str, state: str) -> None:
        self._void(self.stays[stay_id].booking)
        self.end_stay(stay_id, state)

    def _in_flight(self, stay: Stay) -> str:
        return "payment.in_flight" if self.in_flight(stay.booking) else ""
