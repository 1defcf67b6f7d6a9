"""Rates: the published tariff: base prices, seasons, rate plans, taxes and policies, and what a stay costs by it.

First form: a simple calendar of seasons on base prices. The phases and the order of taxes are those of the later engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from ledger.event import Event
from ledger.money import Money, total
from ledger.price import CancellationPolicy, PriceLine, StayPrice, TaxLine
from ledger.refusal import Refusal
from ledger.restrictions import Restriction, Restrictions
from ledger.season_sums import SeasonSums
from ledger.stay_dates import StayDates

WEIGHT_SCALE = 10**4
"""Parts of a minor unit that still count when a rounded sum is given back to the nights."""


class TypePrice(Struct, frozen=True, kw_only=True):
    """Prices of a room type a night, in minor units: the room with its included adults, each further adult, each child."""

    room_type: str
    base_minor: int
    included_adults: int
    extra_adult_minor: int
    extra_child_minor: int


class Season(Struct, frozen=True, kw_only=True):
    """Nights from `first_night` to `last_night`, both included, cost `percent` of the base. The first that fits counts."""

    name: str
    first_night: date
    last_night: date
    percent: Decimal


class RatePlan(Struct, frozen=True, kw_only=True):
    """What a guest may buy a room as. `percent` of the season's price; `deposit_percent` of the total is due on booking.

    Cancelling is free until `free_until_days` days before arrival at check-in time (never when None); then the fee is
    `fee_nights` nights, or everything when None.
    """

    code: str
    name: str
    summary: str
    board: str
    percent: Decimal
    board_adult_minor: int
    board_child_minor: int
    deposit_percent: Decimal
    policy_name: str
    policy_text: str
    free_until_days: int | None
    fee_nights: int | None
    min_nights: int = 1


class Tax(Struct, frozen=True, kw_only=True):
    """A dated tax or mandatory charge: `rate_percent` of the sum of its `bases` ("stay", or codes of earlier taxes)."""

    code: str
    name: str
    rate_percent: Decimal
    bases: tuple[str, ...]
    first_night: date
    last_night: date | None = None

    def covers(self, night: date) -> bool:
        """Tell whether the tax is charged on a night."""
        return self.first_night <= night and (self.last_night is None or night <= self.last_night)


class Party(Struct, frozen=True, kw_only=True):
    """Who sleeps in one room."""

    adults: int
    children: int


class Tariff(Struct, frozen=True, kw_only=True):
    """All prices of a property in one currency, with the hotel's time zone and check-in time for deadlines."""

    currency: str
    time_zone: str
    check_in_time: str
    prices: tuple[TypePrice, ...]
    seasons: tuple[Season, ...]
    plans: tuple[RatePlan, ...]
    taxes: tuple[Tax, ...]
    restrictions: tuple[Restriction, ...] = ()

    def price(
        self, *, room_type: str, rate_plan: str, dates: StayDates, adults: int, children: int,
        agreed: tuple[PriceLine, ...] = (),
    ) -> StayPrice:  # fmt: skip
        """Say what a stay costs; the nights of `agreed` lines cost what those say, before taxes.

        Raises Rates.Unpriced, Rates.PlanUnknown, Rates.TooShort.
        """
        prices = self._prices_of(room_type)
        plan = self._plan(rate_plan, dates)
        party = Party(adults=adults, children=children)
        lines = _room_lines(self, prices, plan, dates) + _extra_lines(self, prices, plan, dates, party)
        kept = {line.stay_date for line in agreed}
        lines = agreed + tuple(line for line in lines if line.stay_date not in kept)
        taxes = _tax_lines(self, lines)
        whole = total([line.amount for line in lines] + [tax.amount for tax in taxes], self.currency)
        return StayPrice(
            lines=lines,
            taxes=taxes,
            total=whole,
            pay_now=whole.share(plan.deposit_percent),
            policy=_policy(self, plan, dates.arrival),
        )

    def total(
        self, seasons: SeasonSums, *, room_type: str, rate_plan: str, dates: StayDates, adults: int, children: int
    ) -> Money:
        """Say what a stay costs in all with the same work for any length, unless taxes change inside it. Raises as `price`."""
        prices, plan = self._prices_of(room_type), self._plan(rate_plan, dates)
        if len(_periods(self, dates.arrival, dates.departure - timedelta(days=1))) > 1:
            return self.price(room_type=room_type, rate_plan=rate_plan, dates=dates, adults=adults, children=children).total
        rooms = prices.base_minor * seasons.between(dates.arrival, dates.departure) / 100 * plan.percent / 100
        extras = sum(minor for _, minor in _extras(prices, plan, Party(adults=adults, children=children)))
        stay = Money(int(rooms.quantize(Decimal(1), ROUND_HALF_UP)) + extras * dates.nights, self.currency)
        return total([stay, *(tax.amount for tax in _taxes_on(self, stay, dates.arrival))], self.currency)

    def _prices_of(self, room_type: str) -> TypePrice:
        for prices in self.prices:
            if prices.room_type == room_type:
                return prices
        raise Rates.Unpriced(f"Room type {room_type!r} has no price in the tariff: choose another room type.")

    def _plan(self, rate_plan: str, dates: StayDates) -> RatePlan:
        plan = next((plan for plan in self.plans if plan.code == rate_plan), None)
        if plan is None:
            known = ", ".join(plan.code for plan in self.plans)
            raise Rates.PlanUnknown(f"There is no rate plan {rate_plan!r}: choose one of {known}.")
        if dates.nights < plan.min_nights:
            raise Rates.TooShort(
                f"{plan.name} needs at least {plan.min_nights} nights: stay longer or choose another rate plan.",
                min_nights=plan.min_nights,
            )
        return plan


PRICES_KEPT = 4096
"""Prices of one tariff that a process remembers: guests ask for the same dates again and again."""


class Rates:
    """A property's published tariff."""

    class Published(Event, frozen=True):
        """The tariff is in force for all bookings from now on."""

        topic: ClassVar[str] = "rates.published.v1"
        tariff: Tariff

    class PlanUnknown(Refusal):
        code = "rates.plan_unknown"
        field = "rate_plan"

    class Unpriced(Refusal):
        code = "rates.unpriced"
        field = "room_type"

    class TooShort(Refusal):
        code = "restriction.min_stay"
        field = "departure"

    def __init__(self) -> None:
        self.tariff: Tariff | None = None
        self._price: Callable[..., StayPrice] | None = None
        self._restrictions = Restrictions(())

    def publish(self, tariff: Tariff) -> list[Event]:
        """Put a tariff in force, or do nothing when it is already."""
        return [] if tariff == self.tariff else [Rates.Published(tariff=tariff)]

    def in_force(self) -> Tariff:
        """Give the tariff that bookings are priced by. Raises Unpriced."""
        if self.tariff is None:
            raise Rates.Unpriced("This property has no published tariff: run `nightledger seed FILE` first.")
        return self.tariff

    def price(
        self, *, room_type: str, rate_plan: str, dates: StayDates, adults: int, children: int,
        agreed: tuple[PriceLine, ...] = (),
    ) -> StayPrice:  # fmt: skip
        """Say what a stay costs by the tariff in force, as `Tariff.price`. Raises Unpriced, PlanUnknown, TooShort."""
        self.in_force()
        assert self._price is not None  # noqa: S101 - comes and goes with the tariff
        return self._price(
            room_type=room_type, rate_plan=rate_plan, dates=dates, adults=adults, children=children, agreed=agreed
        )

    def admit(self, *, room_type: str, rate_plan: str, dates: StayDates) -> None:
        """Refuse a stay that the hotel's restrictions do not allow. Raises the refusals of Restrictions, in their order."""
        self._restrictions.check(room_type, rate_plan, dates)

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Rates.Published(tariff=tariff):
                self.tariff = tariff
                self._restrictions = Restrictions(tariff.restrictions)
                self._price = lru_cache(PRICES_KEPT)(tariff.price)


def _room_lines(tariff: Tariff, prices: TypePrice, plan: RatePlan, dates: StayDates) -> tuple[PriceLine, ...]:
    """Price the nights exactly, round the sum once, and give it back to the nights by largest remainder."""
    percents = [_season_percent(tariff, night) for night in dates]
    exact = {percent: prices.base_minor * percent / 100 * plan.percent / 100 for percent in set(percents)}
    whole = sum((exact[percent] for percent in percents), Decimal(0))
    rounded = Money(int(whole.quantize(Decimal(1), ROUND_HALF_UP)), tariff.currency)
    weight = {percent: int(amount * WEIGHT_SCALE) for percent, amount in exact.items()}
    weights = [weight[percent] for percent in percents]
    amounts = rounded.allocate(weights if any(weights) else [1] * len(weights))
    return tuple(PriceLine(stay_date=night, kind="room", amount=amount) for night, amount in zip(dates, amounts, strict=True))


def _season_percent(tariff: Tariff, night: date) -> Decimal:
    found = (season.percent for season in tariff.seasons if season.first_night <= night <= season.last_night)
    return next(found, Decimal(100))


def _extra_lines(tariff: Tariff, prices: TypePrice, plan: RatePlan, dates: StayDates, party: Party) -> tuple[PriceLine, ...]:
    return tuple(
        PriceLine(stay_date=night, kind=kind, amount=Money(amount, tariff.currency))
        for kind, amount in _extras(prices, plan, party)
        if amount
        for night in dates
    )


def _extras(prices: TypePrice, plan: RatePlan, party: Party) -> tuple[tuple[str, int], ...]:
    """List what a night costs besides the room: (kind, minor units)."""
    extra_adults = max(0, party.adults - prices.included_adults)
    board = plan.board_adult_minor * party.adults + plan.board_child_minor * party.children
    return (
        ("extra_adult", prices.extra_adult_minor * extra_adults),
        ("extra_child", prices.extra_child_minor * party.children),
        ("board", board),
    )


def _tax_lines(tariff: Tariff, lines: Sequence[PriceLine]) -> tuple[TaxLine, ...]:
    """Charge taxes in their order, on groups of nights that have the same taxes: a rate may change inside the stay."""
    taxed: list[TaxLine] = []
    for first, last in _periods(tariff, min(line.stay_date for line in lines), max(line.stay_date for line in lines)):
        stay = total((line.amount for line in lines if first <= line.stay_date <= last), tariff.currency)
        taxed += _taxes_on(tariff, stay, first)
    return tuple(taxed)


def _taxes_on(tariff: Tariff, stay: Money, night: date) -> list[TaxLine]:
    """Charge the taxes of a night on what nights with the same taxes cost together."""
    taxed: list[TaxLine] = []
    sums = {"stay": stay}
    for tax in tariff.taxes:
        if not tax.covers(night):
            continue
        base = total((sums[code] for code in tax.bases if code in sums), tariff.currency)
        sums[tax.code] = base.share(tax.rate_percent)
        taxed.append(TaxLine(code=tax.code, name=tax.name, rate_percent=tax.rate_percent, base=base, amount=sums[tax.code]))
    return taxed


def _periods(tariff: Tariff, first: date, last: date) -> list[tuple[date, date]]:
    """Cut the nights from `first` to `last`, both included, where another set of taxes comes into force."""
    one = timedelta(days=1)
    begins = {tax.first_night for tax in tariff.taxes} | {tax.last_night + one for tax in tariff.taxes if tax.last_night}
    cuts = [first]
    for day in sorted(day for day in begins if first < day <= last):
        if any(tax.covers(day) != tax.covers(cuts[-1]) for tax in tariff.taxes):
            cuts.append(day)
    return [(cut, after - one) for cut, after in zip(cuts, [*cuts[1:], last + one], strict=True)]


def _policy(tariff: Tariff, plan: RatePlan, arrival: date) -> CancellationPolicy:
    free_until: datetime | None = None
    if plan.free_until_days is not None:
        day = arrival - timedelta(days=plan.free_until_days)
        check_in = datetime.combine(day, time.fromisoformat(tariff.check_in_time), ZoneInfo(tariff.time_zone))
        free_until = check_in.astimezone(ZoneInfo("UTC"))
    return CancellationPolicy(name=plan.policy_name, text=plan.policy_text, free_until=free_until, fee_nights=plan.fee_nights)
