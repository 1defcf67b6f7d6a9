"""One recognisable example of everything: a small hotel, its tariff, a guest, a stay, a reservation, a payment.

Tests change one thing at a time, with keyword arguments. All moments lie a hundred years ahead of us, so that the clock of
no database server is past them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace

from aggregates.payment import Payment, Vehicle
from aggregates.property import Definition, Property, Room, RoomType
from aggregates.rates import RatePlan, Rates, Season, Tariff, Tax, TypePrice
from aggregates.reservation import Reservation
from aggregates.room_night import ReleaseReason, RoomNight
from commands.confirmation_code import confirmation_code
from commands.hold_stay import GuestDetails, HoldAdvice, HoldStay
from ledger.command import Change
from ledger.ids import payment_id, property_stream, rates_stream, room_night_stream
from ledger.keys import Sealed
from ledger.money import Money
from ledger.price import StayPrice
from ledger.stay import BookedStay, sum_of_stays
from ledger.stay_dates import StayDates

CODE = "kandy"
ZONE = "Asia/Colombo"
NOW = datetime(2126, 3, 1, 8, 0, tzinfo=UTC)
"""A Friday morning in spring; at the hotel it is half past one in the afternoon."""

ARRIVAL = date(2126, 3, 10)
HOLD_SECONDS = 900
HELD_UNTIL = NOW + timedelta(seconds=HOLD_SECONDS)
NOBODY = UUID(int=0)


def named(name: str) -> UUID:
    """Give the id that goes by a name in the tests."""
    return uuid5(NOBODY, name)


def minutes(count: float) -> datetime:
    """Give the moment `count` minutes after NOW."""
    return NOW + timedelta(minutes=count)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor, "USD")


# —— The hotel ————————————————————————————————————————————————————————————————————————————————————————————————————————

GARDEN = RoomType(
    code="garden", name="Garden Room", short="Two steps from the tea.", description="A quiet room.",
    picture="pictures/rooms/garden-room.svg", view="garden", beds="1 king", size_m2=30, max_adults=2, max_guests=3,
    amenities=("tea",),
)  # fmt: skip
VILLA = replace(GARDEN, code="villa", name="Pool Villa", max_adults=3, max_guests=4)
ROOMS = (
    Room(code="g1", room_type="garden", floor=0),
    Room(code="g2", room_type="garden", floor=0),
    Room(code="g3", room_type="garden", floor=1),
    Room(code="v1", room_type="villa", floor=0),
)
HOTEL = Definition(
    code=CODE, name="Little Kandy", tagline="Four rooms.", time_zone=ZONE, currency="USD", check_in_time="14:00",
    check_out_time="11:00", address="1 Temple Street", phone="+94 81 000 000", email="stay@example.com",
    room_types=(GARDEN, VILLA), rooms=ROOMS,
)  # fmt: skip

# —— Its tariff ———————————————————————————————————————————————————————————————————————————————————————————————————————

FLEXIBLE = RatePlan(
    code="flexible", name="Flexible", summary="Free until three days before.", board="room only", percent=Decimal(100),
    board_adult_minor=0, board_child_minor=0, deposit_percent=Decimal(30), policy_name="Flexible",
    policy_text="Free until three days before arrival, then one night.", free_until_days=3, fee_nights=1,
)  # fmt: skip
SAVER = replace(
    FLEXIBLE, code="saver", name="Advance saver", percent=Decimal(85), deposit_percent=Decimal(100), policy_name="Saver",
    policy_text="Not refundable.", free_until_days=None, fee_nights=None, min_nights=2,
)  # fmt: skip
HALF_BOARD = replace(FLEXIBLE, code="half-board", name="Half board", board_adult_minor=3000, board_child_minor=1500)
PEAK = Season(name="peak", first_night=date(2126, 12, 20), last_night=date(2127, 1, 10), percent=Decimal(150))
GREEN = Season(name="green", first_night=date(2126, 5, 1), last_night=date(2126, 6, 30), percent=Decimal(80))
LONG_AGO = date(2020, 1, 1)
SERVICE = Tax(code="service", name="Service charge", rate_percent=Decimal(10), bases=("stay",), first_night=LONG_AGO)
TDL = Tax(code="tdl", name="TDL", rate_percent=Decimal(1), bases=("stay", "service"), first_night=LONG_AGO)
SSCL = Tax(code="sscl", name="SSCL", rate_percent=Decimal("2.5"), bases=("stay", "service"), first_night=LONG_AGO)
VAT = Tax(
    code="vat", name="VAT", rate_percent=Decimal(18), bases=("stay", "service", "tdl", "sscl"), first_night=LONG_AGO
)  # fmt: skip
TARIFF = Tariff(
    currency="USD", time_zone=ZONE, check_in_time="14:00",
    prices=(
        TypePrice(room_type="garden", base_minor=10_000, included_adults=1, extra_adult_minor=2_000, extra_child_minor=1_000),
        TypePrice(room_type="villa", base_minor=40_000, included_adults=2, extra_adult_minor=5_000, extra_child_minor=2_500),
    ),
    seasons=(PEAK, GREEN), plans=(FLEXIBLE, SAVER, HALF_BOARD), taxes=(SERVICE, TDL, SSCL, VAT),
)  # fmt: skip

OPENED = (
    Change(property_stream(CODE), Property.Opened(definition=HOTEL)),
    Change(rates_stream(CODE), Rates.Published(tariff=TARIFF)),
)
"""The hotel is open and its tariff published: most stories start here."""

# —— A guest and a stay ———————————————————————————————————————————————————————————————————————————————————————————————

GUEST = GuestDetails(name="Nimali Perera", email="nimali@example.com", phone="+94 77 000 0000")
SEALED = Sealed(named("guest key"), b"nobody reads this")
NO_ADVICE = HoldAdvice((), HOLD_SECONDS, (), "direct")


def dates(nights: int = 2, arrival: date = ARRIVAL) -> StayDates:
    return StayDates(arrival, arrival + timedelta(days=nights))


def hold_stay(**changes: object) -> HoldStay:
    """Give the request for one garden room for two, two nights."""
    asked: dict[str, Any] = {
        "room_type": "garden", "rate_plan": "flexible", "arrival": ARRIVAL, "departure": ARRIVAL + timedelta(days=2),
        "adults": 2, "guest": GUEST,
    }  # fmt: skip
    return HoldStay(**(asked | changes))


def price(rate_plan: str = "flexible", room_type: str = "garden", nights: int = 2, arrival: date = ARRIVAL) -> StayPrice:
    """Give the price of a stay for two by the tariff."""
    return TARIFF.price(room_type=room_type, rate_plan=rate_plan, dates=dates(nights, arrival), adults=2, children=0)


def stay(name: str, room: str = "g1", nights: int = 2, rate_plan: str = "flexible", arrival: date = ARRIVAL) -> BookedStay:
    """Give the stay of that name, for two in one garden room."""
    return BookedStay(
        stay_id=named(f"{name}/{room}"), room_type="garden", room=room, rate_plan=rate_plan, dates=dates(nights, arrival),
        adults=2, children=0, price=price(rate_plan, "garden", nights, arrival),
    )  # fmt: skip


# —— A reservation, told by its events ————————————————————————————————————————————————————————————————————————————————


def each_night(stays: tuple[BookedStay, ...]) -> list[tuple[UUID, dict[str, Any]]]:
    """List (stream, fields that every room-night event has) of the stays' nights, in order."""
    return [
        (room_night_stream(CODE, stay.room, night), {"room": stay.room, "stay_date": night, "stay_id": stay.stay_id})
        for stay in stays
        for night in stay.dates
    ]


def held_event(name: str, stays: tuple[BookedStay, ...], held_until: datetime = HELD_UNTIL) -> Reservation.Held:
    whole, pay_now = sum_of_stays(stays, "USD")
    return Reservation.Held(
        confirmation_code=confirmation_code(CODE, named(name)), stays=stays, total=whole, pay_now=pay_now,
        held_until=held_until, guest=SEALED, language="en", channel="direct", booked_on=date(2126, 3, 1),
    )  # fmt: skip


def nights_held(name: str, stays: tuple[BookedStay, ...], held_until: datetime = HELD_UNTIL) -> list[Change]:
    return [
        Change(stream, RoomNight.HoldRequested(**night, reservation_id=named(name), held_until=held_until))
        for stream, night in each_night(stays)
    ]


def nights_released(stays: tuple[BookedStay, ...], reason: ReleaseReason) -> list[Change]:
    return [Change(stream, RoomNight.HoldReleased(**night, reason=reason)) for stream, night in each_night(stays)]


def nights_booked(stays: tuple[BookedStay, ...]) -> list[Change]:
    return [Change(stream, RoomNight.BookingConfirmed(**night)) for stream, night in each_night(stays)]


def nights_cancelled(stays: tuple[BookedStay, ...]) -> list[Change]:
    return [Change(stream, RoomNight.Cancelled(**night)) for stream, night in each_night(stays)]


def held(name: str, *stays: BookedStay, held_until: datetime = HELD_UNTIL) -> list[Change]:
    """Tell that the reservation of that name is held (one garden room for two nights unless told otherwise)."""
    stays = stays or (stay(name),)
    return [Change(named(name), held_event(name, stays, held_until)), *nights_held(name, stays, held_until)]


def confirmed(name: str, *stays: BookedStay, guarantee: str = "staff") -> list[Change]:
    """Tell that a held reservation is confirmed without a card."""
    stays = stays or (stay(name),)
    return [Change(named(name), Reservation.Confirmed(guarantee=guarantee)), *nights_booked(stays)]


# —— A payment ————————————————————————————————————————————————————————————————————————————————————————————————————————

VEHICLE = Vehicle(
    description="Little Kandy, two nights",
    language="en", expires_at=minutes(31),
)  # fmt: skip
DEPOSIT = price().pay_now


def deposit_of(name: str, number: int = 1) -> UUID:
    """Give the id of the nth deposit of the reservation of that name."""
    return payment_id(named(name), "deposit", number)


def paying(name: str, number: int = 1, amount: Money = DEPOSIT) -> list[Change]:
    """Tell that the deposit was requested and its checkout page is open."""
    deposit = deposit_of(name, number)
    return [
        Change(named(name), Reservation.PaymentAsked(payment_id=deposit, purpose="deposit", amount=amount)),
        Change(
            deposit, Payment.Requested(reservation_id=named(name), purpose="deposit", amount=amount, vehicle=VEHICLE)
        ),
        Change(deposit, Payment.VehicleMade(reservation_id=named(name), session_id="cs_1", url="https://pay.example")),
    ]  # fmt: skip
