"""The auditor's opinion on what the desk does besides rooms: payments of what is left, notes, names, the same person twice.

Like all of `tests/auditor.py` it shares no code with the product. What stays cost is the inspector's to say: it reads prices in
the log.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from tests.auditor import BOOKED
from tests.group_auditor import GroupAuditor
from tests.inspector import Inspector, law

PAGE_LIFE = timedelta(hours=23)
TAKES = ("requires_capture", "succeeded")


class DeskAuditor(GroupAuditor):
    """An auditor who also knows what is left to pay, and what is written about guests."""

    def __init__(self, inspector: Inspector) -> None:
        super().__init__()
        self.inspector = inspector
        self.page_until: dict[str, datetime] = {}
        self.notes: defaultdict[str, list[str]] = defaultdict(list)
        self.named: set[str] = set()
        self.person: dict[str, str] = {}

    # —— What is left to pay

    def left(self, name: str) -> int:
        """Give what is owed beyond what was paid or is just being captured, in minor units."""
        under_way = [each for each in self.bookings[name].payments if self.payments[each] == "capturing"]
        capturing = sum(self.inspector.paying[each].due for each in under_way)
        return self.inspector.owed(name) - self.inspector.paid(name) - capturing

    def on_rest(self, name: str, amount: int | None) -> str:
        if self.state(name) in {"held", "expired", "abandoned"}:
            return "reservation.not_confirmed"
        left = self.left(name)
        if left <= 0:
            return "payment.nothing_due"
        return "payment.too_much" if amount is not None and amount > left else ""

    def ask_rest(self, name: str, purpose: str, amount: int, payment: str, now: datetime) -> None:
        """Take over a payment of `amount`: one that is open for the same, or a new one for which the open one is closed."""
        running = self.running(name, purpose)
        if running:
            same = self.inspector.paying[running].due == amount and self.page_until[running] > now
            law(same == (payment == running), f"{running} is open and {payment} was given for {amount} of {name}")
            if same:
                return
            self.payments[running] = "voiding"
        law(payment not in self.payments, f"{payment} was used before")
        self.request(name, payment, purpose)
        self.page_until[payment] = now + PAGE_LIFE

    def observe(self, payment: str, status: str, *, right_amount: bool) -> None:
        if self.purpose[payment] == "deposit" or self.payments[payment] != "open" or status not in TAKES:
            super().observe(payment, status, right_amount=right_amount)
            return
        name, due = self.payer[payment], self.inspector.paying[payment].due
        self.money_came(payment, status, wanted=right_amount and self.state(name) != "held" and due <= self.left(name))

    # —— What is written about guests

    def on_note(self, name: str, stay_id: str, *, stale: bool) -> str:
        if stay_id and stay_id not in self.bookings[name].stays:
            return "reservation.stay_unknown"
        return "reservation.changed_since" if stale else ""

    def on_names(self, stay_id: str, guests: int, *, stale: bool) -> str:
        if stale:
            return "reservation.changed_since"
        stay = self.stays[stay_id]
        return "stay.too_many_guests" if guests > stay.adults + stay.children else ""

    def on_merge(self, name: str, into: str) -> str:
        return "guest.same_person" if self.who(name) == self.who(into) else ""

    def who(self, name: str) -> str:
        """Name the person of a booking by the booking that made them known."""
        return self.person.get(name, name)

    def booked(self) -> list[str]:
        """List the bookings that stand."""
        return [name for name in self.bookings if {stay.state for stay in self.stays_of(name)} & {*BOOKED}]
