"""A second, naive model of a hotel: what must be refused, who holds what, and what every log of a hotel must obey.

It shares no code with the product, imports nothing of it, and reads the log as plain JSON. Where it and the product
disagree, one of them is wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Night = tuple[str, date]
"""Room and stay date."""

COLOMBO = timedelta(hours=5, minutes=30)
SLEEPS = {"garden": (2, 3), "villa": (3, 4)}
ROOMS = {"garden": ("g1", "g2", "g3"), "villa": ("v1",)}
SHORTEST = {"flexible": 1, "half-board": 1, "saver": 2}
RUNNING, OVER = ("asked", "open"), ("closed", "refunded", "lost")


class LawBroken(AssertionError):
    """The log shows something that may not happen in a hotel."""


def law(holds: bool, message: str) -> None:
    if not holds:
        raise LawBroken(message)


@dataclass
class Booking:
    """A reservation as the auditor sees it."""

    nights: list[Night]
    until: datetime
    arrival: date
    holder: str
    state: str = "held"
    payments: list[str] = field(default_factory=list)


class Auditor:
    """Says beforehand what the hotel must answer, and keeps its own list of who holds which night."""

    def __init__(self) -> None:
        self.bookings: dict[str, Booking] = {}
        self.nights: dict[Night, tuple[str, datetime | None]] = {}
        self.payments: dict[str, str] = {}
        self.payer: dict[str, str] = {}

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
        if arrival < (now + COLOMBO).date():
            return "dates.past"
        if adults > SLEEPS[kind][0]:
            return "property.too_many_guests"
        if nights < SHORTEST[plan]:
            return "restriction.min_stay"
        theirs = [booking for booking in self.bookings.values() if booking.holder == holder]
        if sum(booking.state == "held" and booking.until > now for booking in theirs) >= most:
            return "holder.too_many_holds"
        dates = [arrival + timedelta(days=number) for number in range(nights)]
        free = [room for room in ROOMS[kind] if all(self._free((room, day), now) for day in dates)]
        return "sold_out" if len(free) < rooms else ""

    def on_confirm(self, name: str) -> str:
        return self._must_be_held(name) or ("room_night.not_held" if self._lost(name) else "")

    def on_expire(self, name: str, now: datetime) -> str:
        refused = self._must_be_held(name)
        return refused or ("reservation.still_held" if self.bookings[name].until > now else "")

    def on_cancel(self, name: str, now: datetime) -> str:
        if name not in self.bookings:
            return "reservation.unknown"
        booking = self.bookings[name]
        if booking.state == "held":
            return ""
        if booking.state != "confirmed":
            return "reservation.not_confirmed"
        if any(self.payments[payment] == "capturing" for payment in booking.payments):
            return "payment.in_flight"
        return "reservation.begun" if booking.arrival < (now + COLOMBO).date() else ""

    def on_request(self, name: str, now: datetime) -> str:
        if name in self.bookings and self.running(name):
            return ""
        refused = self._must_be_held(name)
        return refused or ("reservation.not_held" if self.bookings[name].until <= now else "")

    # —— What follows when it was accepted

    def hold(self, name: str, nights: list[Night], until: datetime, holder: str, now: datetime) -> None:
        law(len(set(nights)) == len(nights), "one booking holds a night twice")
        for night in nights:
            law(self._free(night, now), f"{night} was given to {name} and is not free")
            self.nights[night] = (name, until)
        self.bookings[name] = Booking(nights, until, min(day for _, day in nights), holder)

    def confirm(self, name: str) -> None:
        self._void(name)
        self._book(name)

    def end(self, name: str, state: str) -> None:
        """Expire, give back or cancel: the nights that are still the booking's become free."""
        self._void(name)
        booking = self.bookings[name]
        for night in booking.nights:
            if self.nights.get(night, ("", None))[0] == name:
                del self.nights[night]
        booking.state = state

    def cancel(self, name: str, refunded: dict[str, int]) -> None:
        """`refunded` says how much of which payment goes back."""
        self.end(name, "abandoned" if self.bookings[name].state == "held" else "cancelled")
        for payment, amount in refunded.items():
            law(self.payments[payment] == "captured" and amount > 0, f"{payment} cannot be refunded")
            self.payments[payment] = "refund due"

    def request(self, name: str, payment: str) -> None:
        if self.running(name):
            law(payment == self.running(name), "two payments live at once")
            return
        self.bookings[name].payments.append(payment)
        self.payments[payment], self.payer[payment] = "open", name

    def running(self, name: str) -> str:
        return next((payment for payment in self.bookings[name].payments if self.payments[payment] in RUNNING), "")

    def observe(self, payment: str, status: str, *, right_amount: bool) -> None:
        """Take over what was seen at the bank while the payment stood where it stands."""
        state, name = self.payments[payment], self.payer[payment]
        if status in {"canceled", "expired"} and state in {"open", "voiding", "closed", "capturing"}:
            self.payments[payment] = "lost" if state == "capturing" else "closed"
        elif status == "succeeded" and state == "capturing":
            self.payments[payment] = "captured"
        elif status == "succeeded" and state in {"voiding", "closed"}:
            self.payments[payment] = "refund due"
        elif status == "requires_capture" and state == "closed":
            self.payments[payment] = "voiding"
        elif status in {"requires_capture", "succeeded"} and state == "open":
            booked = right_amount and self.bookings[name].state == "held" and not self._lost(name)
            if booked:
                self._book(name)
            elif self.bookings[name].state == "held":
                self.end(name, "expired")
            good, bad = ("capturing", "voiding") if status == "requires_capture" else ("captured", "refund due")
            self.payments[payment] = good if booked else bad

    def refund(self, payment: str, status: str) -> None:
        if self.payments[payment] == "refund due" and status in {"succeeded", "failed", "canceled"}:
            self.payments[payment] = "refunded" if status == "succeeded" else "lost"

    def holders(self) -> dict[Night, tuple[str, str]]:
        """Give for each night that is not free: whose it is, and held or booked."""
        return {night: (name, "held" if until else "booked") for night, (name, until) in self.nights.items()}

    def _free(self, night: Night, now: datetime) -> bool:
        if night not in self.nights:
            return True
        until = self.nights[night][1]
        return until is not None and until <= now

    def _lost(self, name: str) -> bool:
        return any(self.nights.get(night, ("", None))[0] != name for night in self.bookings[name].nights)

    def _must_be_held(self, name: str) -> str:
        if name not in self.bookings:
            return "reservation.unknown"
        return "" if self.bookings[name].state == "held" else "reservation.not_held"

    def _book(self, name: str) -> None:
        self.bookings[name].state = "confirmed"
        for night in self.bookings[name].nights:
            self.nights[night] = (name, None)

    def _void(self, name: str) -> None:
        for payment in self.bookings[name].payments:
            if self.payments[payment] in RUNNING:
                self.payments[payment] = "voiding"


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


class Inspector:
    """Reads a log from its first line and stops at the first thing that may not happen. Failure means: the book is wrong."""

    def __init__(self) -> None:
        self.position = 0
        self.versions: Counter[str] = Counter()
        self.next_index = 0
        self.nights: dict[tuple[str, str], tuple[str, str, str]] = {}
        self.stays: dict[str, dict[tuple[str, str], str]] = {}
        self.state: dict[str, str] = {}
        self.paying: dict[str, dict[str, Any]] = {}

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
            for reservation in self.state:
                self._rooms_fit_state(reservation)
                self._money_fits_state(reservation)

    def _order(self, line: Line) -> None:
        law(line.position == self.position + 1, f"position {line.position} follows {self.position}")
        law(line.version == self.versions[line.stream] + 1, f"version {line.version} of {line.stream} is out of turn")
        law(line.index == self.next_index, f"event {line.index} of its command comes at place {self.next_index}")
        self.position, self.versions[line.stream] = line.position, line.version
        self.next_index = 0 if line.index + 1 == line.count else line.index + 1

    def _room_night(self, what: str, line: Line) -> None:
        night, stay = (line.body["room"], line.body["stay_date"]), line.body["stay_id"]
        state, holder, until = self.nights.get(night, ("free", "", ""))
        if what == "hold-requested":
            law(state == "free", f"law 1: {night} is {state} by {holder} and was given to {stay}")
            self.nights[night] = ("held", stay, line.body["held_until"])
        elif what == "booking-confirmed":
            law(
                (state, holder) == ("held", stay),
                f"law 1: {night} is {state} by {holder or 'nobody'} and was booked for {stay}",
            )
            self.nights[night] = ("booked", stay, "")
        elif what == "hold-released":
            law((state, holder) == ("held", stay), f"{night} is {state} by {holder or 'nobody'} and was released for {stay}")
            over = line.body["reason"] != "expired" or line.at >= datetime.fromisoformat(until)
            law(over, f"law 2: {night} was taken from {stay} before its time was over")
            del self.nights[night]
        else:
            law((what, state, holder) == ("cancelled", "booked", stay), f"{night} is {state} and was {what} for {stay}")
            del self.nights[night]

    def _reservation(self, what: str, line: Line) -> None:
        before = self.state.get(line.stream, "new")
        if what == "held":
            law(before == "new", f"{line.stream} was held when it was {before}")
            self.stays[line.stream] = dict(_nights_of(line.body))
        elif what != "payment-asked":
            fine = before == ("confirmed" if what == "cancelled" else "held")
            law(fine, f"{line.stream} was {what} when it was {before}")
        if what == "cancelled":
            paid = sum(money["captured"] - money["refund"] for money in self._payments_of(line.stream))
            kept = line.body["fee"]["amount_minor"] + line.body["refund"]["amount_minor"]
            law(kept == paid, f"fee and refund of {line.stream} are {kept}, {paid} was paid")
        if what != "payment-asked":
            self.state[line.stream] = what

    def _payment(self, what: str, line: Line) -> None:
        money = self.paying.setdefault(
            line.stream, {"reservation": line.body["reservation_id"], "captured": 0, "refund": 0, "asked": False, "last": ""}
        )
        amount = line.body.get("amount", {}).get("amount_minor", 0)
        if what == "captured":
            law(money["captured"] == 0, f"{line.stream} was captured twice")
            money["captured"] = amount
            money["asked"] = False
        elif what == "capture-asked":
            money["asked"] = True
        elif what == "refund-asked":
            law(money["refund"] == 0, f"{line.stream} was refunded twice")
            law(0 < amount <= money["captured"], f"{amount} of {money['captured']} of {line.stream} was refunded")
            money["refund"] = amount
        elif what in {"void-asked", "closed", "lost"}:
            law(money["captured"] == 0, f"{line.stream} was {what} after it was captured")
            money["asked"] = False
        if what not in {"poked", "try-failed", "step-failed", "vehicle-made"}:
            money["last"] = what

    def _rooms_fit_state(self, reservation: str) -> None:
        state = self.state[reservation]
        for night, stay in self.stays[reservation].items():
            now, holder, _ = self.nights.get(night, ("free", "", ""))
            if state == "confirmed":
                law((now, holder) == ("booked", stay), f"law 7: {reservation} is confirmed and {night} is {now} by {holder}")
            elif state == "held":
                law(holder != stay or now == "held", f"{reservation} is held and its {night} is {now}")
            else:
                law(holder != stay, f"{reservation} is {state} and still has {night}")

    def _money_fits_state(self, reservation: str) -> None:
        state, payments = self.state[reservation], self._payments_of(reservation)
        law(sum(money["last"] == "requested" for money in payments) <= 1, f"{reservation} has two live payments")
        for money in payments:
            if money["asked"]:
                law(state == "confirmed", f"law 7: money is being captured for {reservation}, which is {state}")
            if money["captured"] and not money["refund"]:
                law(state in {"confirmed", "cancelled"}, f"law 7: money is kept for {reservation}, which is {state}")

    def _payments_of(self, reservation: str) -> list[dict[str, Any]]:
        return [money for money in self.paying.values() if money["reservation"] == reservation]


def _nights_of(held: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    for stay in held["stays"]:
        day, departure = date.fromisoformat(stay["dates"]["arrival"]), date.fromisoformat(stay["dates"]["departure"])
        while day < departure:
            yield (stay["room"], day.isoformat()), stay["stay_id"]
            day += timedelta(days=1)
