"""What cancelling costs, by the policy that the guest was told, and what some of the nights cost of what was agreed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from ledger.money import Money
from ledger.price import CancellationPolicy, PriceLine, StayPrice, TaxLine, cancellation_fee, nightly_totals, part_of
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


AGREED = replace(
    price(line(10, 10_000), line(11, 5_000), line(10, 2_000, "board"), line(12, 1_000), taxes=1_801), pay_now=usd(13_000)
)
"""Three nights of 120, 50 and 10, with taxes that do not go up in them."""


@pytest.mark.parametrize(
    ("nights", "charged", "taxed", "due"),
    [
        ((10,), 12_000, 1_201, 13_000),
        ((11,), 5_000, 500, 5_500),
        ((11, 12), 6_000, 600, 6_600),
        ((10, 11, 12), 18_000, 1_801, 13_000),
    ],
)
def test_nights_keep_the_taxes_on_their_charges(nights: tuple[int, ...], charged: int, taxed: int, due: int) -> None:
    """What is due now never exceeds what is left."""
    part = part_of(AGREED, {date(2126, 3, day) for day in nights})
    assert part == StayPrice(
        lines=tuple(each for each in AGREED.lines if each.stay_date.day in nights),
        taxes=(replace(AGREED.taxes[0], base=usd(charged), amount=usd(taxed)),),
        total=usd(charged + taxed), pay_now=usd(due), policy=AGREED.policy,
    )  # fmt: skip


def test_charges_on_nights_that_are_free_are_split_evenly() -> None:
    gift = price(line(10, 0), line(11, 0), taxes=500)
    parts = [part_of(gift, {date(2126, 3, day)}) for day in (10, 11)]
    assert [part.total for part in parts] == [usd(250), usd(250)]
