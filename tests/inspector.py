"""Reads the log of a hotel line by line, as plain JSON, and stops at the first thing that may not happen in a hotel.

It shares no code with the product and imports nothing of it; what must be answered beforehand is `tests/auditor.py`'s to say.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

Place = tuple[str, str, str]
"""Room, stay date and slot."""

LIVE = ("held", "confirmed", "checked_in")
SOLD = ("held", "confirmed", "checked_in", "checked_out")
AFTER = {
    "confirmed": ("held", "confirmed"),
    "expired": ("held", "expired"),
    "abandoned": ("held", "abandoned"),
    "stay-checked-in": ("confirmed", "checked_in"),
    "stay-checked-out": ("checked_in", "checked_out"),
    "stay-no-show": ("confirmed", "no_show"),
    "stay-cancelled": ("confirmed", "cancelled"),
}
"""What must be before, and is after, for each event that ends or begins something."""


class LawBroken(AssertionError):
    """The log shows something that may not happen in a hotel."""


def law(holds: bool, message: str) -> None:
    if not holds:
        raise LawBroken(message)


@dataclass(frozen=True)
class Line:
    """One event of the log in plain words."""

    position: int
    stream: str
    version: int
    topic: str
    body: dict[str, Any]
    at: datetime
    index: int
    count: int

    @classmethod
    def of(cls, row: Any) -> Line:
        return cls(
            row.position, str(row.stream), row.version, row.topic, json.loads(row.payload), row.occurred_at,
            row.command_index, row.command_count,
        )  # fmt: skip


@dataclass
class Taken:
    """A room-night that is not free: held, booked or blocked, by whom, and until when a hold stands."""

    state: str
    holder: str
    until: str = ""


@dataclass
class StaySeen:
    """A stay as the log tells it. `dates` are those it must have a room for, or must have had."""

    reservation: str
    dates: frozenset[str]
    slot: str
    total: int
    state: str = "held"
    doors: frozenset[str] = frozenset()
    """The rooms of a house, all of which it must have every night until it is moved; none for a stay in one room."""
    moved: bool = False


@dataclass
class MoneySeen:
    """A payment as the log tells it, in minor units."""

    reservation: str
    purpose: str = ""
    due: int = 0
    captured: int = 0
    refunded: int = 0
    asked: bool = False
    last: str = ""


class Inspector:
    """Reads a log from its first line and stops at the first thing that may not happen. Failure means: the book is wrong."""

    def __init__(self) -> None:
        self.position = 0
        self.versions: Counter[str] = Counter()
        self.next_index = 0
        self.nights: dict[Place, Taken] = {}
        self.places: defaultdict[str, set[Place]] = defaultdict(set)
        self.stays: dict[str, StaySeen] = {}
        self.paying: dict[str, MoneySeen] = {}
        self.fees: Counter[str] = Counter()
        self.kept: dict[str, int] = {}
        """Fee of each stay that was given up; those of a reservation are in `fees`."""
        self.lost: defaultdict[str, set[Place]] = defaultdict(set)
        self._under_way: dict[tuple[str, str, str], str] = {}
        self._touched: set[str] = set()

    def read(self, line: Line) -> None:
        """Take the next line; after the last of a command, the hotel as it stands must be a valid one."""
        self._order(line)
        kind, _, what = line.topic.removesuffix(".v1").partition(".")
        if kind == "room-night":
            self._room_night(what, line)
        elif kind == "reservation":
            self._reservation(what, line)
        elif kind == "payment":
            self._payment(what, line)
        if line.index + 1 == line.count:
            self._look_round()

    def stays_of(self, reservation: str) -> dict[str, StaySeen]:
        """Give the stays of a reservation by id, in order of booking."""
        return {stay_id: stay for stay_id, stay in self.stays.items() if stay.reservation == reservation}

    def _order(self, line: Line) -> None:
        law(line.position == self.position + 1, f"position {line.position} follows {self.position}")
        law(line.version == self.versions[line.stream] + 1, f"version {line.version} of {line.stream} is out of turn")
        law(line.index == self.next_index, f"event {line.index} of its command comes at place {self.next_index}")
        self.position, self.versions[line.stream] = line.position, line.version
        self.next_index = 0 if line.index + 1 == line.count else line.index + 1

    # —— Room-nights

    def _room_night(self, what: str, line: Line) -> None:
        body = line.body
        place = (body["room"], body["stay_date"], body.get("slot", "night"))
        holder = body.get("stay_id") or body["block_id"]
        now = self.nights.get(place, Taken("free", ""))
        told = f"{place} is {now.state} by {now.holder or 'nobody'} and was {what} for {holder}"
        if what == "hold-requested":
            law(now.state == "free", f"law 1: {told}")
            self._take(place, Taken("held", holder, body["held_until"]))
        elif what == "blocked":
            law(now.state == "free", f"law 1: {told}")
            self._take(place, Taken("blocked", holder))
        elif what == "reassigned":
            self._reassigned(place, now, body, told)
        elif what == "booking-confirmed":
            law((now.state, now.holder) == ("held", holder), f"law 1: {told}".replace("booking-confirmed", "booked"))
            self._take(place, Taken("booked", holder))
        else:
            before = {"hold-released": "held", "cancelled": "booked", "released": "booked", "unblocked": "blocked"}[what]
            law((now.state, now.holder) == (before, holder), told)
            over = (what, body.get("reason")) != ("hold-released", "expired") or line.at >= datetime.fromisoformat(now.until)
            law(over, f"law 2: {place} was taken from {holder} before its time was over")
            self.lost[holder].add(place)
            self._leave(place)
        if "stay_id" in body:
            self._touched.add(holder)

    def _reassigned(self, place: Place, now: Taken, body: dict[str, Any], told: str) -> None:
        room, day, slot = place
        if body["arrives"]:
            law(now.state == "free", f"law 1: {told}")
            state = self._under_way.pop((body["stay_id"], day, slot), "nowhere")
            law(state == ("held" if body["held_until"] else "booked"), f"{told}, which came from {state}")
            self._take(place, Taken(state, body["stay_id"], body["held_until"] or ""))
        else:
            law(now.state in {"held", "booked"} and now.holder == body["stay_id"], told)
            law(room != body["other_room"] or bool(self.stays[body["stay_id"]].doors), f"{place} moves to itself")
            self._under_way[body["stay_id"], day, slot] = now.state
            self._leave(place)

    def _take(self, place: Place, taken: Taken) -> None:
        self.nights[place] = taken
        self.places[taken.holder].add(place)

    def _leave(self, place: Place) -> None:
        self.places[self.nights.pop(place).holder].discard(place)

    # —— Stays

    def _reservation(self, what: str, line: Line) -> None:
        stays = self.stays_of(line.stream)
        self._touched.update(stays)
        if what == "held":
            law(not stays, f"{line.stream} was held twice")
            for stay in line.body["stays"]:
                self._remember(line.stream, stay, "held")
        elif what == "stay-changed":
            self._changed(stays, line)
        elif what == "stay-reinstated":
            self._reinstated(stays, line)
        elif what == "cancelled":
            self._cancelled(stays, line)
            self._gives_up(line)
        elif what.startswith("stay-") or what in AFTER:
            wanted = [line.body["stay_id"]] if "stay_id" in line.body else list(stays)
            for stay_id in wanted:
                law(stay_id in stays, f"{what} of {stay_id}, which {line.stream} does not have")
                self._goes_on(what, stay_id, stays[stay_id], line)
                stays[stay_id].moved |= what == "stay-moved"
            if what in {"stay-no-show", "stay-cancelled"}:
                self._gives_up(line)
                self.kept[line.body["stay_id"]] = line.body["fee"]["amount_minor"]
            elif "fee" in line.body:
                self.fees[line.stream] += line.body["fee"]["amount_minor"]

    def _remember(self, reservation: str, stay: dict[str, Any], state: str) -> None:
        dates, slot = _dates_of(stay["dates"]), stay.get("slot", "night")
        law(bool(dates), f"{stay['stay_id']} has no night")
        doors = frozenset(stay["room"].split("+")) if "+" in stay["room"] else frozenset[str]()
        self.stays[stay["stay_id"]] = StaySeen(reservation, dates, slot, stay["price"]["total"]["amount_minor"], state, doors)
        self._touched.add(stay["stay_id"])

    def _changed(self, stays: dict[str, StaySeen], line: Line) -> None:
        before, after = stays.get(line.body["stay_id"]), line.body["stay"]
        law(before is not None and before.state in LIVE, f"{line.body['stay_id']} was changed and is not live")
        assert before is not None
        difference = after["price"]["total"]["amount_minor"] - before.total
        law(line.body["difference"]["amount_minor"] == difference, f"the change of {after['stay_id']} costs {difference}")
        self._remember(line.stream, after, before.state)

    def _reinstated(self, stays: dict[str, StaySeen], line: Line) -> None:
        stay_id, after = line.body["stay_id"], line.body["stay"]
        before, fee = stays.get(stay_id), line.body["fee"]["amount_minor"]
        law(before is not None and before.state == "no_show", f"{stay_id} came back and was not absent")
        assert before is not None
        law(_dates_of(after["dates"]) <= before.dates, f"{stay_id} came back for other nights")
        paid_twice = after["price"]["total"]["amount_minor"] + fee > before.total
        law(not paid_twice and 0 <= fee <= self.kept[stay_id], f"{stay_id} pays a night twice: {fee} on top")
        self._remember(line.stream, after, "confirmed")
        self.fees[line.stream] -= self.kept.pop(stay_id)
        self._gives_up(line)

    def _cancelled(self, stays: dict[str, StaySeen], line: Line) -> None:
        ending = [stay for stay in stays.values() if stay.state == "confirmed"]
        law(bool(ending), f"{line.stream} was cancelled and nothing of it is booked")
        for stay in ending:
            stay.state = "cancelled"

    def _goes_on(self, what: str, stay_id: str, stay: StaySeen, line: Line) -> None:
        if what not in AFTER:
            law(stay.state in LIVE, f"{stay_id} was {what} when it was {stay.state}")
            return
        before, after = AFTER[what]
        if "stay_id" not in line.body and stay.state not in LIVE:
            return
        law(stay.state == before, f"{stay_id} was {what} when it was {stay.state}")
        stay.state = after
        if what == "stay-checked-out":
            unused = [day for day in stay.dates if day >= line.body["departed_on"] and day != min(stay.dates)]
            law(not unused, f"{stay_id} left on {line.body['departed_on']} and keeps {unused}")

    # —— Money

    def owed(self, reservation: str) -> int:
        """Give what the guest has to pay in all: stays that were not given up, what came on top, fees that were kept."""
        sold = [stay.total for stay in self.stays_of(reservation).values() if stay.state in SOLD]
        return sum(sold) + self.fees[reservation]

    def paid(self, reservation: str) -> int:
        """Give what was taken for a reservation and is not on its way back."""
        return sum(money.captured - money.refunded for money in self.paying.values() if money.reservation == reservation)

    def _gives_up(self, line: Line) -> None:
        """Look at the money of a stay, or of all, that was just given up."""
        fee, refund = line.body["fee"]["amount_minor"], line.body["refund"]["amount_minor"]
        self.fees[line.stream] += fee
        back = max(0, self.paid(line.stream) - self.owed(line.stream))
        law(refund == back and fee >= 0, f"{refund} of {line.stream} goes back for a fee of {fee}, {back} is not owed")

    def _payment(self, what: str, line: Line) -> None:
        money = self.paying.setdefault(line.stream, MoneySeen(line.body["reservation_id"], line.body.get("purpose", "")))
        amount = line.body.get("amount", {}).get("amount_minor", 0)
        self._touched.update(self.stays_of(money.reservation))
        if what == "requested":
            money.due = amount
        elif what == "captured":
            law(money.captured == 0, f"{line.stream} was captured twice")
            money.captured, money.asked = amount, False
        elif what == "capture-asked":
            money.asked = True
        elif what == "refund-asked":
            money.refunded += amount
            law(amount > 0, f"nothing of {line.stream} was refunded")
            law(money.refunded <= money.captured, f"{money.refunded} of {money.captured} of {line.stream} was refunded")
        elif what in {"void-asked", "closed", "lost"}:
            law(money.captured == 0, f"{line.stream} was {what} after it was captured")
            money.asked = False
        if what not in {"poked", "try-failed", "step-failed", "vehicle-made"}:
            money.last = what

    # —— The hotel after a command

    def _look_round(self) -> None:
        law(not self._under_way, f"{self._under_way} left their rooms and arrived nowhere")
        for stay_id in self._touched & self.stays.keys():
            self._rooms_fit(stay_id, self.stays[stay_id])
        for reservation in {self.stays[stay_id].reservation for stay_id in self._touched & self.stays.keys()}:
            self._money_fits(reservation)
        self._touched.clear()

    def _rooms_fit(self, stay_id: str, stay: StaySeen) -> None:
        has = self.places[stay_id]
        wanted = stay.dates if stay.state in SOLD else frozenset()
        lost = self.lost[stay_id] if stay.state == "held" else set[Place]()
        told = f"{stay_id} is {stay.state} from {min(stay.dates, default='never')} and has {sorted(has)}"
        law({slot for _, _, slot in has} <= {stay.slot}, f"another slot than {stay.slot}: {told}")
        if stay.doors and not stay.moved:
            every = {(door, day, stay.slot) for door in stay.doors for day in wanted}
            law(every - lost == has, f"law 3: not all of its nights, or more: {told}")
        else:
            rooms = {day: {room for room, at, _ in has if at == day} for _, day, _ in has}
            one_room = all(len(each) == 1 or each == stay.doors for each in rooms.values())
            law(one_room, f"law 1: two rooms in one night: {told}")
            law(wanted - {day for _, day, _ in lost} == rooms.keys(), f"law 3: not all of its nights, or more: {told}")
        state = "held" if stay.state == "held" else "booked"
        law(all(self.nights[place].state == state for place in has), f"not {state}: {told}")

    def _money_fits(self, reservation: str) -> None:
        states = {stay.state for stay in self.stays_of(reservation).values()}
        payments = [money for money in self.paying.values() if money.reservation == reservation]
        live = [money.purpose for money in payments if money.last == "requested"]
        law(len(set(live)) == len(live), f"{reservation} has two live payments for one purpose")
        for money in payments:
            if money.asked:
                booked = bool(states & {"confirmed", "checked_in", "checked_out"})
                fine = booked or self.fees[reservation] > self.paid(reservation)
                law(fine, f"law 7: money is being captured for {reservation}, which is {states}")
            if money.captured > money.refunded:
                never = states <= {"held", "expired", "abandoned"}
                law(not never, f"law 7: money is kept for {reservation}, which is {states}")
        kept, owed = self.paid(reservation), self.owed(reservation)
        law(kept <= owed, f"law 7: {kept} is kept for {reservation}, which owes {owed}")


def moves_in_a_valid_hotel(rows: Iterable[Any]) -> int:
    """Read a whole log, and count how often a stay changed rooms. Raises LawBroken."""
    inspector, moves = Inspector(), 0
    for line in map(Line.of, rows):
        inspector.read(line)
        moves += line.topic == "reservation.stay-moved.v1"
    return moves


def _dates_of(dates: dict[str, str]) -> frozenset[str]:
    day, departure = date.fromisoformat(dates["arrival"]), date.fromisoformat(dates["departure"])
    return frozenset((day + timedelta(days=number)).isoformat() for number in range((departure - day).days))
