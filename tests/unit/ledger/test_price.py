"""What cancelling costs, by the policy that the guest was told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.money import Money
from ledger.price import CancellationPolicy, PriceLine, StayPrice, TaxLine, cancellation_fee, nightly_totals
from tests.examples import usd

FREE_UNTIL = datetime(2126, 3, 7, 8, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def line(day: int, amount_minor: int, kind: str = "room") -> PriceLine:
    return PriceLine(stay_date=date(2126, 3, day), kind=kind, amount=usd(amount_minor))


def price(*lines: PriceLine, fee_nights: int | None = 1, free_until: datetime | None = FREE_UNTIL, taxes: int = 0) -> StayPrice:
    room = sum(each.amount.amount_minor for each in lines)
    tax = TaxLine(code="vat", name="VAT", rate_percent=Decimal(18), base=usd(room), amount=usd(taxes))
    policy = CancellationPolicy(name="", text="", free_until=free_until, fee_nights=fee_nights)
    whole = usd(room + taxes)
    return StayPrice(lines=lines, taxes=(tax,) if taxes else (), total=whole, pay_now=whole, policy=policy)


@pytest.mark.parametrize(("moment", "fee"), [(FREE_UNTIL - MOMENT, 0), (FREE_UNTIL, 10_000), (FREE_UNTIL + MOMENT, 10_000)])
def test_free_up_to_the_deadline_and_not_on_it(moment: datetime, fee: int) -> None:
    assert cancellation_fee(price(line(10, 10_000), line(11, 5_000)), moment) == usd(fee)


@pytest.mark.parametrize(("fee_nights", "fee"), [(0, 0), (1, 12_000), (2, 18_000), (3, 18_000), (None, 18_000)])
def test_the_first_nights_are_the_fee_with_their_share_of_taxes(fee_nights: int | None, fee: int) -> None:
    stay = price(line(10, 10_000), line(11, 5_000), taxes=3_000, fee_nights=fee_nights)
    assert cancellation_fee(stay, FREE_UNTIL) == usd(fee)


def test_without_a_free_time_everything_is_the_fee_from_the_start() -> None:
    stay = price(line(10, 10_000), line(11, 5_000), fee_nights=None, free_until=None)
    assert cancellation_fee(stay, FREE_UNTIL - timedelta(days=400)) == usd(15_000)


def test_extras_belong_to_their_night() -> None:
    stay = price(line(10, 10_000), line(11, 10_000), line(10, 2_000, "extra_adult"), line(11, 2_000, "extra_adult"))
    assert cancellation_fee(stay, FREE_UNTIL) == usd(12_000)


def test_a_gift_costs_nothing_to_cancel() -> None:
    assert cancellation_fee(price(line(10, 0), line(11, 0)), FREE_UNTIL) == usd(0)


def test_an_uneven_total_gives_the_first_night_the_larger_part() -> None:
    stay = price(line(10, 100), line(11, 100), line(12, 100), taxes=1)
    assert cancellation_fee(stay, FREE_UNTIL) == usd(101)


def test_nights_are_summed_in_date_order() -> None:
    lines = [line(11, 5), line(10, 1), line(11, 7, "board")]
    assert nightly_totals(lines) == [(date(2126, 3, 10), usd(1)), (date(2126, 3, 11), usd(12))]
    assert nightly_totals([]) == []


def test_room_total_leaves_taxes_out() -> None:
    assert price(line(10, 10_000), line(11, 5_000), taxes=3_000).room_total == Money(15_000, "USD")
