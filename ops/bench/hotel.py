"""The scratch hotels that are booked: one room type with many rooms, or several; a tariff with seasons, plans and taxes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

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


def kind_of(room: int, kinds: Sequence[str]) -> str:
    """Tell the type of a room: they take turns."""
    return kinds[room % len(kinds)]


def listed_as(code: str) -> Listed:
    """Give the entry of the scratch hotel in the list of properties."""
    return Listed(code, ZONE, "USD", scratch=True)


def scratch_hotel(code: str, rooms: int, kinds: Sequence[str] = (ROOM_TYPE,)) -> PropertyFile:
    """Make the definition and the tariff of a hotel with `rooms` rooms of some types."""
    hotel = Definition(
        code=code, name="Scratch", tagline="", time_zone=ZONE, currency="USD", check_in_time="14:00",
        check_out_time="11:00", address="", phone="", email="scratch@example.com",
        room_types=tuple(_room_type(kind) for kind in kinds),
        rooms=tuple(Room(code=room_code(number), room_type=kind_of(number, kinds), floor=1) for number in range(rooms)),
    )  # fmt: skip
    return PropertyFile(hotel, _tariff(kinds))


def _room_type(code: str) -> RoomType:
    return RoomType(
        code=code, name=code.title(), short="A room", description="A quiet room.", picture="pictures/mark.svg",
        view="garden", beds="one double", size_m2=20, max_adults=2, max_guests=3, amenities=("tea",),
    )  # fmt: skip


def _tariff(kinds: Sequence[str]) -> Tariff:
    flexible = RatePlan(
        code=RATE_PLAN, name="Flexible", summary="", board="Room only", percent=Decimal(100), board_adult_minor=0,
        board_child_minor=0, deposit_percent=Decimal(30), policy_name="Flexible",
        policy_text="Free until three days before arrival, then one night.", free_until_days=3, fee_nights=1,
    )  # fmt: skip
    saver = replace(flexible, code="saver", name="Saver", percent=Decimal(85), free_until_days=None, fee_nights=None)
    charge = Tax(code="service", name="Service charge", rate_percent=Decimal(10), bases=("stay",), first_night=LONG_AGO)
    vat = Tax(code="vat", name="VAT", rate_percent=Decimal(18), bases=("stay", "service"), first_night=LONG_AGO)
    peak = Season(name="peak", first_night=date(2027, 12, 20), last_night=date(2028, 1, 10), percent=Decimal(150))
    prices = [
        TypePrice(room_type=kind, base_minor=10_000, included_adults=2, extra_adult_minor=0, extra_child_minor=0)
        for kind in kinds
    ]
    return Tariff(
        currency="USD", time_zone=ZONE, check_in_time="14:00", prices=tuple(prices), seasons=(peak,),
        plans=(flexible, saver), taxes=(charge, vat),
    )  # fmt: skip
