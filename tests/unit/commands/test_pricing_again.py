"""The preview of a change is the change: same price, same refusals, and what stays agreed stays so to the last cent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as examples_of
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregates.rates import Tariff
from aggregates.reservation import Reservation
from commands.change_stay import ChangeStay
from commands.pricing_again import Preview, preview, reason_of
from ledger.price import nightly_totals, part_of
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from tests.examples import ARRIVAL, NOW, TARIFF, dates, price, stay, usd
from tests.spec import given
from tests.unit.commands.stay_stories import BOOKED, ID, STAY, R, day

TODAY = date(2126, 3, 1)
DEARER = replace(TARIFF, prices=tuple(replace(each, base_minor=3 * each.base_minor) for each in TARIFF.prices))


def wish(**of: Any) -> ChangeStay:
    return ChangeStay(reservation_id=R, stay_id=ID, **of)


def foreseen(tariff: Tariff = TARIFF, **of: Any) -> Preview:
    return preview(STAY, wish(**of), tariff, TODAY)


WISHES: list[dict[str, Any]] = [
    {"departure": day(5)},
    {"departure": day(1)},
    {"arrival": day(1), "departure": day(4)},
    {"adults": 1},
    {"children": 1},
    {"room_type": "villa"},
    {"rate_plan": "saver"},
    {"rate_plan": "half-board", "departure": day(3), "adults": 1},
]


@pytest.mark.parametrize("of", WISHES)
def test_the_preview_is_what_happens(of: dict[str, Any]) -> None:
    shown = foreseen(**of)
    changed = given(*BOOKED).when(wish(**of), at=NOW).decision.changes[0].event
    assert isinstance(changed, Reservation.StayChanged)
    assert changed.difference == shown.difference == shown.after - shown.before
    assert replace(changed.stay, room="") == replace(shown.stay, room="")
    assert changed.reason == shown.reason
    given(*BOOKED).when(wish(**of, expected_difference_minor=shown.difference.amount_minor)).answers(state="confirmed")


@pytest.mark.parametrize("of", [{"departure": ARRIVAL}, {"rate_plan": "none"}, {"rate_plan": "saver", "departure": day(1)}])
def test_the_preview_refuses_what_the_change_refuses(of: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        foreseen(**of)
    given(*BOOKED).when(wish(**of)).refuses(type(refused.value))


def test_only_dates_keep_what_was_agreed() -> None:
    longer = foreseen(DEARER, departure=day(3))
    assert nightly_totals(longer.stay.price.lines) == [(day(0), usd(12_000)), (day(1), usd(12_000)), (day(2), usd(32_000))]
    fewer = foreseen(DEARER, departure=day(3), adults=1)
    assert {amount for _, amount in nightly_totals(fewer.stay.price.lines)} == {usd(30_000)}


def test_nothing_else_is_nothing_new() -> None:
    assert foreseen().stay is STAY
    assert foreseen(adults=2, room_type="garden").difference == usd(0)


def test_the_policy_is_that_of_the_new_dates() -> None:
    later = foreseen(arrival=day(5), departure=day(7)).stay.price.policy.free_until
    before = STAY.price.policy.free_until
    assert later is not None
    assert before is not None
    assert later - before == timedelta(days=5)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dates": dates(3)}, "dates"),
        ({"adults": 1}, "party"),
        ({"children": 1}, "party"),
        ({"room_type": "villa"}, "room_type"),
        ({"rate_plan": "saver"}, "rate_plan"),
        ({"rate_plan": "saver", "adults": 1}, "several"),
    ],
)
def test_what_was_changed_has_a_name(changes: dict[str, Any], reason: str) -> None:
    assert reason_of(STAY, replace(STAY, **changes)) == reason


@examples_of(st.integers(1, 30), st.data())
def test_parts_of_a_price_add_up_to_it(nights: int, choices: st.DataObject) -> None:
    whole = price(nights=nights)
    days = list(StayDates(ARRIVAL, ARRIVAL + timedelta(days=nights)))
    some = set(choices.draw(st.lists(st.sampled_from(days), unique=True)))
    one, other = part_of(whole, some), part_of(whole, set(days) - some)
    assert one.total + other.total == whole.total
    assert {line.stay_date for line in one.lines} == some
    for tax, mine, others in zip(whole.taxes, one.taxes, other.taxes, strict=True):
        assert mine.amount + others.amount == tax.amount
        assert mine.base + others.base == tax.base


def test_a_free_stay_has_free_parts() -> None:
    free = stay("free", rate_plan="flexible").price
    lines = tuple(replace(line, amount=usd(0)) for line in free.lines)
    taxes = tuple(replace(tax, base=usd(0), amount=usd(0)) for tax in free.taxes)
    assert part_of(replace(free, lines=lines, taxes=taxes, total=usd(0), pay_now=usd(0)), {ARRIVAL}).total == usd(0)
