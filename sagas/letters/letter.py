"""What a letter tells and how it comes out: plain records, filled in from a reservation before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.money import Money


@dataclass(frozen=True, kw_only=True)
class LetterStay:
    """One room of the reservation, for the nights from `arrival` up to `departure`; `total` includes taxes and charges."""

    room_type: str
    rate_plan: str
    arrival: date
    departure: date
    nights: int
    adults: int
    children: int
    total: Money


@dataclass(frozen=True, kw_only=True)
class Letter:
    """All that a letter may show. `guest_name` is personal data. Instants are UTC and shown in hotel time.

    `written_at` is the instant of the fact that is told, so that the same fact always makes the same letter. `pay_now` is
    what confirms a held reservation, `paid` what the guest paid and has not got back, `balance` what is left to pay.
    `fee` and `refund` belong to a cancellation. `free_until` is None where nothing is refunded. Stays are in their order, those
    that were given up left out while others remain. `revision` counts the changes to the booking.
    """

    reservation_id: UUID
    written_at: datetime
    property_name: str
    property_address: str
    property_phone: str
    property_email: str
    time_zone: str
    check_in_time: str
    check_out_time: str
    guest_name: str
    confirmation_code: str
    stays: tuple[LetterStay, ...]
    total: Money
    pay_now: Money
    paid: Money
    balance: Money
    fee: Money | None = None
    refund: Money | None = None
    held_until: datetime | None = None
    free_until: datetime | None = None
    policy_text: str
    manage_url: str
    pay_url: str
    search_url: str
    revision: int = 0

    @property
    def arrival(self) -> date:
        """The first day of all stays."""
        return min(stay.arrival for stay in self.stays)

    @property
    def departure(self) -> date:
        """The last day of all stays."""
        return max(stay.departure for stay in self.stays)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A letter, ready to send: both bodies say the same. `calendar` is an iCalendar file, where the letter has one."""

    subject: str
    text: str
    html: str
    calendar: bytes | None = None
