"""What the tables of a property file must be together. To add a rule, write a function and add a line to RULES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, pairwise

from babel.numbers import format_currency, get_currency_precision
from msgspec.structs import replace

from aggregates.property import Definition, RoomType
from aggregates.rates import RatePlan, Tariff
from ledger.money import Money
from ledger.stay_dates import StayDates
from ops.property_filled import Filled, Placed
from ops.property_form import PlanForm, PriceForm
from ops.property_restrictions import restrictions_make_sense

LARGEST_CHARGE_MINOR = 99_999_999
"""Source: Stripe takes amounts of at most eight digits in minor units."""


def _codes_are_unique(filled: Filled) -> Iterator[str]:
    types = [(f"{placed.where}.code", placed.form.code) for placed in filled.room_types]
    rooms = [(f"{placed.where}.numbers", code) for placed in filled.rooms for code in placed.form.numbers]
    for places in (types, rooms):
        first: dict[str, str] = {}
        for where, code in places:
            if first.setdefault(code, where) != where:
                yield f'{where} has "{code}", but {first[code]} has it already: give each its own.'


def _rooms_have_types(filled: Filled) -> Iterator[str]:
    known = filled.named("room_types", "code")
    for placed in filled.rooms:
        if placed.form.room_type not in known:
            yield f'{placed.where}.room_type is "{placed.form.room_type}", but must be one of {_list(known)}: choose one.'


def _types_have_rooms(filled: Filled) -> Iterator[str]:
    used = filled.named("rooms", "room_type")
    for placed in filled.room_types:
        if placed.form.made_of and placed.form.code in used:
            yield f'{placed.where} "{placed.form.code}" is made of rooms, but has [[rooms]] of its own: remove one of them.'
        elif placed.form.code not in used and not placed.form.made_of:
            yield f'{placed.where} "{placed.form.code}" has no room: add [[rooms]] with room_type = "{placed.form.code}".'


def _rooms_named_are_there(filled: Filled) -> Iterator[str]:
    known = {code for placed in filled.rooms for code in placed.form.numbers}
    if len(filled.rooms) < len(filled.document.get("rooms", [])):
        return
    named = [(f"{placed.where}.connects", code) for placed in filled.rooms for pair in placed.form.connects for code in pair]
    named += [(f"{placed.where}.made_of", code) for placed in filled.room_types for code in placed.form.made_of]
    for where, code in dict.fromkeys(named):
        if code not in known:
            yield f'{where} names "{code}", but there is no such room: write the number of a room of this file.'


def _types_have_prices(filled: Filled) -> Iterator[str]:
    priced = filled.keys("prices")
    known = filled.named("room_types", "code")
    for placed in filled.room_types:
        if placed.form.code not in priced:
            yield f'{placed.where} "{placed.form.code}" has no price: add a table [prices.{placed.form.code}].'
    for key in priced - known:
        yield f"prices.{key} is the price of no room type, but must be named after one of {_list(known)}: rename or remove it."


def _parties_fit(filled: Filled) -> Iterator[str]:
    prices = {placed.key: placed for placed in filled.prices}
    for placed in filled.room_types:
        form = placed.form
        if form.max_adults > form.max_guests:
            yield (
                f"{placed.where}.max_adults is {form.max_adults}, but must not be more than max_guests, {form.max_guests}:"
                " lower it or raise max_guests."
            )
        price = prices.get(form.code)
        if price and price.form.included_adults > form.max_adults:
            yield (
                f"{price.where}.included_adults is {price.form.included_adults}, but the room sleeps {form.max_adults}"
                f" adults: write {form.max_adults} or less."
            )


def _day_has_time_to_clean(filled: Filled) -> Iterator[str]:
    hotel = filled.hotel
    if hotel and hotel.check_out_time > hotel.check_in_time:
        yield (
            f'property.check_out_time is "{hotel.check_out_time}", but must not be later than check_in_time,'
            f' "{hotel.check_in_time}": the next guest comes the same day; change one of them.'
        )


def _amounts_fit_currency(filled: Filled) -> Iterator[str]:
    if filled.hotel is None:
        return
    priced: list[Placed[PriceForm] | Placed[PlanForm]] = [*filled.prices, *filled.plans]
    digits, currency = filled.digits(), filled.hotel.currency
    amounts = [
        (f"{placed.where}.{name}", getattr(placed.form, name))
        for placed in priced
        for name in ("base", "extra_adult", "extra_child", "board_adult", "board_child")
        if hasattr(placed.form, name)
    ]
    for where, amount in amounts:
        if amount != round(amount, digits):
            yield f"{where} is {amount:f}, but {currency} has {digits} decimals: round it."


def _seasons_do_not_overlap(filled: Filled) -> Iterator[str]:
    ranges: list[tuple[date, date, str]] = []
    for placed in filled.seasons:
        for number, nights in enumerate(placed.form.nights, 1):
            where = f"{placed.where}.nights[{number}]"
            if nights.last < nights.first:
                yield f"{where}.last is {nights.last}, but must not be before first, {nights.first}: change one of them."
            else:
                ranges.append((nights.first, nights.last, where))
    ranges.sort()
    for (_, last, earlier), (first, _, later) in pairwise(ranges):
        if first <= last:
            yield f"{later} begins on {first}, but {earlier} lasts until {last}: seasons must not overlap, shorten one."


def _plans_keep_their_word(filled: Filled) -> Iterator[str]:
    for placed in filled.plans:
        form, where = placed.form, placed.where
        if form.free_until_days is None and form.fee_nights is not None:
            yield (
                f"{where}.fee_nights is {form.fee_nights}, but without free_until_days nothing is refunded:"
                " add free_until_days or remove fee_nights."
            )
        elif form.free_until_days is None and form.deposit_percent != 100:  # noqa: PLR2004 - all of it
            yield (
                f"{where}.deposit_percent is {form.deposit_percent}, but must be 100 when nothing is refunded:"
                " write 100 or add free_until_days."
            )


def _taxes_build_on_earlier(filled: Filled) -> Iterator[str]:
    known = filled.named("taxes", "code")
    earlier: set[str] = set()
    for placed in filled.taxes:
        for number, base in enumerate(placed.form.bases, 1):
            if base != "stay" and base not in earlier:
                why = "is charged further down" if base in known else "is no charge of this file"
                choices = _list({"stay", *earlier})
                yield f'{placed.where}.bases[{number}] is "{base}", which {why}, but must be one of {choices}: change it.'
        if placed.form.code == "stay":
            yield f'{placed.where}.code is "stay", but that means the stay itself: choose another code.'
        earlier.add(placed.form.code)


def _tax_rows_follow_each_other(filled: Filled) -> Iterator[str]:
    for placed in filled.taxes:
        first, last = placed.form.first_night, placed.form.last_night
        if last and last < first:
            yield f"{placed.where}.last_night is {last}, but must not be before first_night, {first}: change one of them."
    for one, other in combinations(filled.taxes, 2):
        if one.form.code != other.form.code:
            continue
        begun, next_begun = sorted((one, other), key=lambda placed: placed.form.first_night)
        if (begun.form.last_night or date.max) >= next_begun.form.first_night:
            yield (
                f'{other.where}.code is "{other.form.code}" on nights of {one.where}: give the earlier row'
                f" last_night = {next_begun.form.first_night - timedelta(days=1)}, or this one another code."
            )


RULES: tuple[Callable[[Filled], Iterator[str]], ...] = (
    _codes_are_unique,
    _rooms_have_types,
    _types_have_rooms,
    _rooms_named_are_there,
    _types_have_prices,
    _parties_fit,
    _day_has_time_to_clean,
    _amounts_fit_currency,
    _seasons_do_not_overlap,
    _plans_keep_their_word,
    _taxes_build_on_earlier,
    _tax_rows_follow_each_other,
    restrictions_make_sense,
)


def problems_of(filled: Filled) -> list[str]:
    """List every rule that the tables break, a line each."""
    return [problem for rule in RULES for problem in rule(filled)]


def too_dear(definition: Definition, tariff: Tariff) -> list[str]:
    """List the prices by which one room could not be paid with one card payment even for a single night, at its dearest.

    What is too much for longer stays is refused with the hold.
    """
    problems = []
    limit = Money(LARGEST_CHARGE_MINOR, tariff.currency)
    for room_type in definition.room_types:
        dearest = max((_dearest(tariff, room_type, plan) for plan in tariff.plans), default=Money(0, tariff.currency))
        if limit < dearest:
            problems.append(
                f"prices.{room_type.code} makes one night cost up to {_written(dearest)}, but one card"
                f" payment takes {_written(limit)} at most: lower the price, or keep the accounts in a larger unit of money."
            )
    return problems


def _dearest(tariff: Tariff, room_type: RoomType, plan: RatePlan) -> Money:
    """Price one night of the dearest season, with the dearest party and taxes."""
    percent = max([season.percent for season in tariff.seasons] + [100])
    dear = replace(tariff, seasons=(), plans=(replace(plan, percent=plan.percent * percent / 100, min_nights=1),))
    nights = {tax.first_night for tax in tariff.taxes} or {date.min}
    parties = [(adults, room_type.max_guests - adults) for adults in range(1, room_type.max_adults + 1)]
    totals = [
        dear.price(
            room_type=room_type.code, rate_plan=plan.code, dates=StayDates(night, night + timedelta(days=1)),
            adults=adults, children=children,
        ).total
        for night in nights
        for adults, children in parties
    ]  # fmt: skip
    return Money(max(total.amount_minor for total in totals), tariff.currency)


def _written(money: Money) -> str:
    amount = Decimal(money.amount_minor).scaleb(-get_currency_precision(money.currency))
    return format_currency(amount, money.currency, "¤¤ #,##0.00", locale="en")


def _list(codes: set[str]) -> str:
    return ", ".join(sorted(codes)) or "(none yet)"
