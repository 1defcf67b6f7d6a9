"""What a stay costs by the tariff of the small hotel: the numbers are worked out by hand."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.rates import Rates, Season, Tariff, Tax
from ledger.price import StayPrice
from ledger.refusal import Refusal
from ledger.restrictions import Restriction, Restrictions
from ledger.season_sums import SeasonSums
from ledger.stay_dates import StayDates
from tests.examples import FLEXIBLE, GREEN, PEAK, SERVICE, TARIFF, VAT, usd

SPRING = date(2126, 3, 10)
NO_TAX = replace(TARIFF, taxes=())


def cost(
    tariff: Tariff = NO_TAX, *, plan: str = "flexible", kind: str = "garden", arrival: date = SPRING, nights: int = 2,
    adults: int = 1, children: int = 0,
) -> StayPrice:  # fmt: skip
    dates = StayDates(arrival, arrival + timedelta(days=nights))
    return tariff.price(room_type=kind, rate_plan=plan, dates=dates, adults=adults, children=children)


def amounts(price: StayPrice, kind: str) -> list[int]:
    return [line.amount.amount_minor for line in price.lines if line.kind == kind]


def test_outside_of_all_seasons_a_night_costs_the_base() -> None:
    assert amounts(cost(nights=3), "room") == [10_000] * 3


@pytest.mark.parametrize(
    ("night", "amount"),
    [
        (PEAK.first_night - timedelta(days=1), 10_000),
        (PEAK.first_night, 15_000),
        (PEAK.last_night, 15_000),
        (PEAK.last_night + timedelta(days=1), 10_000),
        (GREEN.first_night, 8_000),
    ],
)
def test_a_season_includes_its_first_and_last_night(night: date, amount: int) -> None:
    assert amounts(cost(arrival=night, nights=1), "room") == [amount]


def test_a_stay_over_the_edge_of_a_season_pays_each_night_its_own() -> None:
    assert amounts(cost(arrival=GREEN.first_night - timedelta(days=1), nights=3), "room") == [10_000, 8_000, 8_000]


def test_of_two_seasons_the_first_in_the_tariff_counts() -> None:
    perahera = Season(name="perahera", first_night=SPRING, last_night=SPRING, percent=Decimal(200))
    rest = Season(name="rest", first_night=SPRING, last_night=SPRING, percent=Decimal(50))
    assert amounts(cost(replace(NO_TAX, seasons=(perahera, rest)), nights=1), "room") == [20_000]


def test_a_plan_is_a_part_of_the_season_price() -> None:
    assert amounts(cost(plan="saver", arrival=PEAK.first_night), "room") == [12_750, 12_750]


def test_rounding_is_done_once_on_the_sum_and_given_back_to_nights() -> None:
    thirds = replace(NO_TAX, plans=(replace(FLEXIBLE, percent=Decimal("33.335")),))
    assert amounts(cost(thirds, nights=3), "room") == [3334, 3334, 3333]  # 10000.5 → 10001, not three times 3333 or 3334


def test_every_night_of_a_free_plan_is_zero() -> None:
    free = replace(NO_TAX, plans=(replace(FLEXIBLE, percent=Decimal(0)),))
    assert amounts(cost(free), "room") == [0, 0]
    assert cost(free).total == usd(0)


@pytest.mark.parametrize(("adults", "extra"), [(1, []), (2, [2_000, 2_000]), (3, [4_000, 4_000])])
def test_adults_beyond_the_included_pay_a_night(adults: int, extra: list[int]) -> None:
    assert amounts(cost(adults=adults), "extra_adult") == extra


@pytest.mark.parametrize(("children", "extra"), [(0, []), (1, [1_000, 1_000]), (2, [2_000, 2_000])])
def test_children_pay_a_night(children: int, extra: list[int]) -> None:
    assert amounts(cost(children=children), "extra_child") == extra


def test_board_is_paid_by_everybody_every_night() -> None:
    price = cost(plan="half-board", adults=2, children=1)
    assert amounts(price, "board") == [7_500, 7_500]
    assert price.total == usd(2 * (10_000 + 2_000 + 1_000 + 7_500))


def test_the_taxes_of_sri_lanka_make_a_factor_of_1_34343() -> None:
    tariff = replace(TARIFF, prices=tuple(replace(price, base_minor=10_000_000) for price in TARIFF.prices))
    price = cost(tariff, nights=1)
    assert [(tax.code, tax.base.amount_minor, tax.amount.amount_minor) for tax in price.taxes] == [
        ("service", 10_000_000, 1_000_000),
        ("tdl", 11_000_000, 110_000),
        ("sscl", 11_000_000, 275_000),
        ("vat", 11_385_000, 2_049_300),
    ]
    assert price.total == usd(13_434_300)
    assert price.room_total == usd(10_000_000)


def test_each_tax_is_rounded_once_on_the_whole_stay() -> None:
    price = cost(TARIFF, nights=3, adults=1)
    assert [(tax.code, tax.amount.amount_minor) for tax in price.taxes] == [
        ("service", 3_000), ("tdl", 330), ("sscl", 825), ("vat", 6_148),  # 18 % of 34155 = 6147.9
    ]  # fmt: skip


def test_a_rate_that_changes_inside_the_stay_splits_the_tax() -> None:
    until = replace(VAT, bases=("stay",), last_night=SPRING)
    after = Tax(code="vat", name="VAT", rate_percent=Decimal(20), bases=("stay",), first_night=SPRING + timedelta(days=1))
    price = cost(replace(TARIFF, taxes=(until, after)), nights=3)
    assert [(tax.rate_percent, tax.base.amount_minor, tax.amount.amount_minor) for tax in price.taxes] == [
        (Decimal(18), 10_000, 1_800),
        (Decimal(20), 20_000, 4_000),
    ]
    assert price.total == usd(35_800)


@pytest.mark.parametrize(("first", "last", "taxed"), [
    (-1, None, 3), (0, None, 3), (1, None, 2), (2, None, 1), (3, None, 0),
    (-1, -1, 0), (-1, 0, 1), (-1, 1, 2), (-1, 2, 3), (-1, 3, 3), (1, 1, 1),
])  # fmt: skip
def test_a_tax_is_charged_on_the_nights_that_it_covers(first: int, last: int | None, taxed: int) -> None:
    """Nights count from the arrival of three; `first` and `last` are included."""
    fee = replace(
        VAT, bases=("stay",), first_night=SPRING + timedelta(days=first),
        last_night=None if last is None else SPRING + timedelta(days=last),
    )  # fmt: skip
    price = cost(replace(TARIFF, taxes=(fee,)), nights=3)
    assert [tax.base.amount_minor for tax in price.taxes] == ([10_000 * taxed] if taxed else [])


def test_a_tax_line_has_the_name_that_the_guest_reads() -> None:
    assert [tax.name for tax in cost(TARIFF).taxes] == ["Service charge", "TDL", "SSCL", "VAT"]


def test_a_tax_that_is_not_in_force_is_no_base_for_others() -> None:
    ended = replace(SERVICE, last_night=SPRING - timedelta(days=1))
    price = cost(replace(TARIFF, taxes=(ended, replace(VAT, bases=("stay", "service")))), nights=1)
    assert [(tax.code, tax.base.amount_minor) for tax in price.taxes] == [("vat", 10_000)]


@pytest.mark.parametrize(("percent", "due"), [("0", 0), ("30", 6_000), ("33.333", 6_667), ("100", 20_000)])
def test_the_deposit_is_a_part_of_the_total(percent: str, due: int) -> None:
    tariff = replace(NO_TAX, plans=(replace(FLEXIBLE, deposit_percent=Decimal(percent)),))
    assert cost(tariff).pay_now == usd(due)


@pytest.mark.parametrize(
    ("zone", "deadline"),
    [
        ("Asia/Colombo", datetime(2126, 3, 7, 8, 30, tzinfo=UTC)),
        ("UTC", datetime(2126, 3, 7, 14, 0, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2126, 3, 7, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_deadline_is_at_check_in_time_in_the_hotels_zone(zone: str, deadline: datetime) -> None:
    assert cost(replace(NO_TAX, time_zone=zone)).policy.free_until == deadline


def test_a_deadline_is_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Colombo")
        time.tzset()
        deadline = cost().policy.free_until
    time.tzset()
    assert deadline is not None
    assert deadline.utcoffset() == timedelta(0)


def test_a_deadline_follows_summer_time() -> None:
    berlin = replace(NO_TAX, time_zone="Europe/Berlin")
    before = cost(berlin, arrival=date(2026, 3, 31)).policy.free_until
    after = cost(berlin, arrival=date(2026, 4, 1)).policy.free_until
    assert (before, after) == (datetime(2026, 3, 28, 13, 0, tzinfo=UTC), datetime(2026, 3, 29, 12, 0, tzinfo=UTC))


def test_the_policy_is_copied_into_the_price() -> None:
    policy = cost(plan="saver").policy
    assert (policy.name, policy.text, policy.free_until, policy.fee_nights) == ("Saver", "Not refundable.", None, None)


@pytest.mark.parametrize(
    ("kind", "plan", "nights", "refusal"),
    [
        ("cave", "flexible", 2, Rates.Unpriced),
        ("cave", "nonsense", 1, Rates.Unpriced),
        ("garden", "nonsense", 1, Rates.PlanUnknown),
        ("garden", "saver", 1, Rates.TooShort),
    ],
)
def test_refusals_come_in_order_type_plan_nights(kind: str, plan: str, nights: int, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        cost(kind=kind, plan=plan, nights=nights)


def test_an_unknown_plan_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Rates.PlanUnknown, match=r"'nonsense'.* flexible, saver, half-board\."):
        cost(plan="nonsense")


def test_too_short_a_stay_is_told_how_long_it_must_be() -> None:
    with pytest.raises(Rates.TooShort) as refused:
        cost(plan="saver", nights=1)
    assert refused.value.details == {"min_nights": 2}


@pytest.mark.parametrize("nights", [2, 3])
def test_the_minimum_stay_is_enough(nights: int) -> None:
    assert cost(plan="saver", nights=nights).total == usd(8_500 * nights)


@pytest.mark.parametrize(("base", "half_up"), [(10_001, 5_001), (10_003, 5_002), (10_002, 5_001)])
def test_half_a_cent_is_rounded_up_in_the_total_alone_too(base: int, half_up: int) -> None:
    half = replace(
        NO_TAX, plans=(replace(FLEXIBLE, percent=Decimal(50)),), prices=(replace(TARIFF.prices[0], base_minor=base),)
    )
    asked: dict[str, Any] = {"rate_plan": "flexible", "dates": StayDates(SPRING, SPRING + timedelta(days=1)), "adults": 1}
    assert half.total(SeasonSums([]), room_type="garden", children=0, **asked) == usd(half_up)
    assert cost(half, nights=1).total == usd(half_up)


@pytest.mark.parametrize(
    ("kind", "plan", "sold"), [("villa", "saver", False), ("villa", "flexible", True), ("garden", "saver", True)]
)
def test_a_restriction_holds_for_its_room_type_and_plan_only(kind: str, plan: str, sold: bool) -> None:
    rates, stay = Rates(), StayDates(SPRING, SPRING + timedelta(days=1))
    rates.admit(room_type=kind, rate_plan=plan, dates=stay)
    closed = Restriction(first=SPRING, last=SPRING, room_type="villa", rate_plan="saver", stop_sell=True)
    rates.apply(Rates.Published(tariff=replace(TARIFF, restrictions=(closed,))))
    if sold:
        rates.admit(room_type=kind, rate_plan=plan, dates=stay)
    else:
        with pytest.raises(Restrictions.StopSell):
            rates.admit(room_type=kind, rate_plan=plan, dates=stay)


def test_publishing_the_same_tariff_again_is_nothing_new() -> None:
    rates = Rates()
    with pytest.raises(Rates.Unpriced, match="seed FILE"):
        rates.in_force()
    assert rates.publish(TARIFF) == [Rates.Published(tariff=TARIFF)]
    rates.apply(Rates.Published(tariff=TARIFF))
    assert rates.in_force() == TARIFF
    assert rates.publish(TARIFF) == []
    assert rates.publish(NO_TAX) == [Rates.Published(tariff=NO_TAX)]


def test_a_remembered_price_is_the_tariffs_and_ends_with_it() -> None:
    rates = Rates()
    stay = StayDates(SPRING, SPRING + timedelta(days=2))
    asked: dict[str, Any] = {"room_type": "garden", "rate_plan": "flexible", "dates": stay}
    with pytest.raises(Rates.Unpriced, match="seed FILE"):
        rates.price(**asked, adults=1, children=0)
    rates.apply(Rates.Published(tariff=TARIFF))
    for adults, children in ((1, 0), (2, 0), (2, 1), (1, 0)):
        assert rates.price(**asked, adults=adults, children=children) == cost(TARIFF, adults=adults, children=children)
    rates.apply(Rates.Published(tariff=NO_TAX))
    assert rates.price(**asked, adults=1, children=0) == cost(NO_TAX)
