"""The scratch hotel that is booked: one room type with many rooms, and a tariff with seasons, plans and taxes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from aggregates.property import Definition, Room, RoomType
from aggregates.rates import RatePlan, Season, Tariff, Tax, TypePrice
from ops.property_file import PropertyFile
from queries.access import Listed

ROOM_TYPE = "standard"
RATE_PLAN = "flexible"
ZONE = "Asia/Colombo"
LONG_AGO = date(2020, 1, 1)


def room_code(number: int) -> str:
    """Name a room, counted from 0."""
    return f"r{number:04d}"


def listed_as(code: str) -> Listed:
    """Give the entry of the scratch hotel in the list of properties."""
    return Listed(code, ZONE, "USD", scratch=True)


def scratch_hotel(code: str, rooms: int) -> PropertyFile:
    """Make the definition and the tariff of a hotel with `rooms` rooms of one type."""
    kind = RoomType(
        code=ROOM_TYPE, name="Standard", short="A room", description="A quiet room.", picture="pictures/mark.svg",
        view="garden", beds="one double", size_m2=20, max_adults=2, max_guests=3, amenities=("tea",),
    )  # fmt: skip
    hotel = Definition(
        code=code, name="Scratch", tagline="", time_zone=ZONE, currency="USD", check_in_time="14:00",
        check_out_time="11:00", address="", phone="", email="scratch@example.com", room_types=(kind,),
        rooms=tuple(Room(code=room_code(number), room_type=ROOM_TYPE, floor=1) for number in range(rooms)),
    )  # fmt: skip
    return PropertyFile(hotel, _tariff())


def _tariff() -> Tariff:
    plan = RatePlan(
        code=RATE_PLAN, name="Flexible", summary="", board="Room only", percent=Decimal(100), board_adult_minor=0,
        board_child_minor=0, deposit_percent=Decimal(30), policy_name="Flexible",
        policy_text="Free until three days before arrival, then one night.", free_until_days=3, fee_nights=1,
    )  # fmt: skip
    price = TypePrice(room_type=ROOM_TYPE, base_minor=10_000, included_adults=2, extra_adult_minor=0, extra_child_minor=0)
    service = Tax(code="service", name="Service charge", rate_percent=Decimal(10), bases=("stay",), first_night=LONG_AGO)
    vat = Tax(code="vat", name="VAT", rate_percent=Decimal(18), bases=("stay", "service"), first_night=LONG_AGO)
    peak = Season(name="peak", first_night=date(2027, 12, 20), last_night=date(2028, 1, 10), percent=Decimal(150))
    return Tariff(
        currency="USD", time_zone=ZONE, check_in_time="14:00", prices=(price,), seasons=(peak,), plans=(plan,),
        taxes=(service, vat),
    )  # fmt: skip
