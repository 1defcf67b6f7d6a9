"""Fills a letter in from a reservation as the ledger has it, with the links that its holder gets."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledger.money import total
from queries.bookings import booking_of, fees_of, given_back, promised_back, stays_shown
from queries.hotel import Hotel
from queries.reservations import ReservationFound
from sagas.letters.letter import Letter, LetterStay


class GuestLinks(Protocol):
    """Where a letter leads to, for one reservation."""

    def manage_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address that lets its holder see and change the reservation."""

    def pay_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address where a held reservation is paid."""

    @property
    def site_url(self) -> str:
        """Give the address of the guest site."""


def letter_of(found: ReservationFound, hotel: Hotel, links: GuestLinks, written_at: datetime) -> Letter:
    """Fill in everything that a letter about this reservation may show."""
    house, document = hotel.definition, found.document
    held = document.held
    booking = booking_of(found, hotel, written_at)
    kinds = {kind.code: kind.name for kind in house.room_types}
    plans = {plan.code: plan.name for plan in hotel.tariff.plans}
    booked = stays_shown(found)
    stays = tuple(
        LetterStay(
            room_type=kinds[stay.room_type],
            rate_plan=plans.get(stay.rate_plan, stay.rate_plan),
            arrival=stay.dates.arrival,
            departure=stay.dates.departure,
            nights=stay.dates.nights,
            adults=stay.adults,
            children=stay.children,
            total=stay.price.total,
        )
        for stay in booked
    )
    policy = booked[0].price.policy
    return Letter(
        reservation_id=found.reservation_id,
        written_at=written_at,
        property_name=house.name,
        property_address=house.address,
        property_phone=house.phone,
        property_email=house.email,
        time_zone=house.time_zone,
        check_in_time=house.check_in_time,
        check_out_time=house.check_out_time,
        guest_name=found.guest["name"],
        confirmation_code=held.confirmation_code,
        stays=stays,
        total=total((stay.total for stay in stays), held.total.currency),
        pay_now=held.pay_now,
        paid=booking.paid,
        balance=booking.balance,
        fee=fees_of(found),
        refund=promised_back(found) or given_back(found),
        held_until=held.held_until,
        free_until=policy.free_until,
        policy_text=policy.text,
        manage_url=links.manage_url(house.code, found.reservation_id),
        pay_url=links.pay_url(house.code, found.reservation_id),
        search_url=f"{links.site_url}/",
        revision=document.revision,
    )
