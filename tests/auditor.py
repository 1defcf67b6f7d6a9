"""A second, naive model of a hotel: what must be refused, and who holds what afterwards.

It shares no code with the product and imports nothing of it. Where it and the product disagree, one of them is wrong. What
every log of a hotel must obey is `tests/inspector.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.inspector import law

Night = tuple[str, date]
"""Room and stay date."""

COLOMBO = timedelta(hours=5, minutes=30)
SLEEPS = {"garden": (2, 3), "villa": (3, 4)}
ROOMS = {"garden": ("g1", "g2", "g3"), "villa": ("v1",)}
SHORTEST = {"flexible": 1, "half-board": 1, "saver": 2}
RUNNING, OVER = ("asked", "open"), ("closed", "refunded", "lost")


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
