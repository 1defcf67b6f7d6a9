"""The tables of a property file as a hotelier fills them in: their fields and what each alone must look like.

What the fields mean together is in `property_rules`, how they become a definition and a tariff in `property_file`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from aggregates.property import Feature
from ledger.schema import PROPERTY_CODE
from ledger.stay_dates import LONGEST_STAY_NIGHTS

LONGEST_RANGE = 500
LARGEST_AMOUNT = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 2000, 2199
ROOM_RANGE = re.compile(r"([A-Za-z]*)(\d{1,6})-\1(\d{1,6})")
ROOM_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")


def _breaks(rule: str) -> PydanticCustomError:
    """Make the error of a rule, written `must …: next step`; braces would be taken for a template."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule})


def _matching(pattern: str | re.Pattern[str], rule: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise _breaks(rule)
        return text

    return AfterValidator(check)


def _known(choices: Callable[[], frozenset[str]], rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in choices():
            raise _breaks(rule)
        return text

    return AfterValidator(check)


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """List the ISO 4217 codes that are legal tender somewhere today."""
    return frozenset(code for land in get_global("territory_currencies") for code in get_territory_currencies(land))


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _exact(value: object) -> Decimal:
    """Read an amount or percentage without loss; the reader of the file hands over decimals, never floats."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value).is_finite():
        return Decimal(value)
    raise _breaks('must be a plain number: write for example 240 or "240.00"')


def _amount(amount: Decimal) -> Decimal:
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise _breaks(f"must be an amount from 0 to {LARGEST_AMOUNT:,}: write the price of one night")
    return amount


def _day(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _breaks(f"must be a day of the years {FIRST_YEAR} to {LAST_YEAR}: write for example 2026-12-15")
    return day


def _percent(lowest: str, highest: int) -> AfterValidator:
    def check(percent: Decimal) -> Decimal:
        if not Decimal(lowest) <= percent <= highest:
            raise _breaks(f"must be a percentage from {lowest} to {highest}: write for example 10 or 2.5")
        return percent

    return AfterValidator(check)


def _email(text: str) -> str:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError as wrong:
        raise _breaks('must be an e-mail address: write for example "stay@hotel.example"') from wrong
    return text


def _distinct(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _breaks(f"must name each thing once: remove the second {twice[0]}")
    return names


def _room_codes(written: object) -> list[str]:
    """Spell out room numbers: "101-103" is 101, 102, 103; a lone number may be written without quotes."""
    if not isinstance(written, list) or not written:
        raise _breaks('must be a list of room numbers: write for example ["101-106", "V1"]')
    codes = [code for entry in written for code in _range(entry)]
    return _distinct(codes)


def _range(entry: object) -> list[str]:
    text = str(entry) if isinstance(entry, str | int) and not isinstance(entry, bool) else ""
    if found := ROOM_RANGE.fullmatch(text):
        prefix, first, last = found.groups()
        numbers = range(int(first), int(last) + 1)
        if not 0 < len(numbers) <= LONGEST_RANGE:
            raise _breaks(f'must count upwards, at most {LONGEST_RANGE} rooms: mend "{text}", like "101-106"')
        return [f"{prefix}{number:0{len(first)}}" for number in numbers]
    if not ROOM_CODE.fullmatch(text):
        raise _breaks('must hold room numbers of letters, digits and hyphens: write for example ["101-106", "V1"]')
    return [text]


Code = Annotated[
    str,
    _matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", 'must be lower-case words joined by hyphens: write for example "garden-room"'),
]
HotelCode = Annotated[
    str, _matching(PROPERTY_CODE, 'must be lower-case letters, digits and underscores, 40 at most: write for example "ella"')
]
Clock = Annotated[str, _matching(r"([01]\d|2[0-3]):[0-5]\d", 'must be a time of day as HH:MM: write for example "14:00"')]
Phone = Annotated[
    str,
    _matching(r"\+\d[\d ()-]{5,24}", 'must be a telephone number with its country code: write for example "+94 57 000 0000"'),
]
Picture = Annotated[
    str,
    _matching(
        r"pictures/([\w-]+/)*[\w-]+\.(svg|webp|avif|jpg|png)",
        'must be the path of a picture below web/static: write for example "pictures/rooms/garden-room.svg"',
    ),
]
Currency = Annotated[str, _known(currencies, 'must be the ISO 4217 code of a currency in use: write for example "USD"')]
TimeZone = Annotated[str, _known(_time_zones, 'must be the name of a time zone: write for example "Asia/Colombo"')]
Amount = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_amount)]
Day = Annotated[date, AfterValidator(_day)]
Names = Annotated[list[str], Field(min_length=1), AfterValidator(_distinct)]


class Form(BaseModel):
    """A table of the file: nothing may be left over, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True, str_min_length=1)


class HotelForm(Form):
    """`[property]`."""

    code: HotelCode
    name: str
    tagline: str
    time_zone: TimeZone
    currency: Currency
    check_in_time: Clock
    check_out_time: Clock
    address: str
    phone: Phone
    email: Annotated[str, AfterValidator(_email)]


class RoomTypeForm(Form):
    """`[[room_types]]`."""

    code: Code
    name: str
    short: str
    description: str
    picture: Picture
    view: str
    beds: str
    size_m2: int = Field(ge=1, le=5000)
    max_adults: int = Field(ge=1, le=20)
    max_guests: int = Field(ge=1, le=20)
    amenities: Names
    made_of: Annotated[list[str], Field(min_length=2), AfterValidator(_distinct)] = []


class RoomsForm(Form):
    """`[[rooms]]`: doors of one type on one floor; `numbers` holds their codes, ranges spelled out."""

    room_type: Code
    floor: int = Field(ge=-9, le=200)
    numbers: Annotated[list[str], BeforeValidator(_room_codes)]
    note: Annotated[str, Field(min_length=0)] = ""
    connects: list[Annotated[list[str], Field(min_length=2, max_length=2), AfterValidator(_distinct)]] = []
    features: Annotated[list[Feature], AfterValidator(_distinct)] = []


class PriceForm(Form):
    """`[prices.<room type>]`, in major units."""

    base: Amount
    included_adults: int = Field(ge=1, le=20)
    extra_adult: Amount = Decimal(0)
    extra_child: Amount = Decimal(0)


class NightsForm(Form):
    """Nights of a season, both ends included."""

    first: Day
    last: Day


class SeasonForm(Form):
    """`[seasons.<code>]`."""

    name: str
    percent: Annotated[Decimal, BeforeValidator(_exact), _percent("1", 1000)]
    nights: list[NightsForm] = Field(min_length=1)


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekdays = Annotated[
    list[Annotated[str, _known(lambda: frozenset(WEEKDAYS), 'must be a day of the week: write for example "friday"')]],
    AfterValidator(_distinct),
]
Nights = Annotated[int, Field(ge=0, le=LONGEST_STAY_NIGHTS)]


class RestrictionForm(Form):
    """`[[restrictions]]`: what is not sold from `first` to `last`, both included; 0 nights means no such rule."""

    first: Day
    last: Day
    room_type: Annotated[str, Field(min_length=0)] = ""
    rate_plan: Annotated[str, Field(min_length=0)] = ""
    weekdays: Weekdays = []
    stop_sell: bool = False
    closed_to_arrival: bool = False
    closed_to_departure: bool = False
    min_nights: Nights = 0
    max_nights: Nights = 0
    min_nights_through: Nights = 0


class PlanForm(Form):
    """`[rate_plans.<code>]`, amounts in major units."""

    name: str
    summary: str
    board: str
    percent: Annotated[Decimal, BeforeValidator(_exact), _percent("1", 1000)]
    board_adult: Amount = Decimal(0)
    board_child: Amount = Decimal(0)
    deposit_percent: Annotated[Decimal, BeforeValidator(_exact), _percent("1", 100)]
    free_until_days: int | None = Field(default=None, ge=0, le=365)
    fee_nights: int | None = Field(default=None, ge=1, le=LONGEST_STAY_NIGHTS)
    policy_name: str
    policy_text: str
    min_nights: int = Field(default=1, ge=1, le=LONGEST_STAY_NIGHTS)


class TaxForm(Form):
    """`[[taxes]]`, charged in the order of the file."""

    code: Code
    name: str
    rate_percent: Annotated[Decimal, BeforeValidator(_exact), _percent("0", 100)]
    bases: Names
    first_night: Day
    last_night: Day | None = None
