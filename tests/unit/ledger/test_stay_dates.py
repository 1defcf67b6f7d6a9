"""Stay dates are half-open, and refuse what nobody can stay on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger.refusal import Refusal
from ledger.stay_dates import LONGEST_LEAD_DAYS, LONGEST_STAY_NIGHTS, StayDates

TODAY = date(2126, 3, 1)


def of(nights: int, arrival: date = TODAY) -> StayDates:
    return StayDates(arrival, arrival + timedelta(days=nights))


@pytest.mark.parametrize(
    ("nights", "refusal"),
    [
        (-1, StayDates.NotAfterArrival),
        (0, StayDates.NotAfterArrival),
        (1, None),
        (LONGEST_STAY_NIGHTS - 1, None),
        (LONGEST_STAY_NIGHTS, None),
        (LONGEST_STAY_NIGHTS + 1, StayDates.TooLong),
    ],
)
def test_one_night_to_a_year(nights: int, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        of(nights).check(TODAY)
    else:
        with pytest.raises(refusal):
            of(nights).check(TODAY)


def test_arrival_is_today_at_the_earliest() -> None:
    of(1, TODAY + timedelta(days=1)).check(TODAY)
    of(1, TODAY).check(TODAY)
    with pytest.raises(StayDates.Past, match="today, 2126-03-01"):
        of(1, TODAY - timedelta(days=1)).check(TODAY)


@pytest.mark.parametrize(
    ("days", "refused"), [(LONGEST_LEAD_DAYS - 1, False), (LONGEST_LEAD_DAYS, False), (LONGEST_LEAD_DAYS + 1, True)]
)
def test_arrival_is_three_years_ahead_at_the_latest(days: int, *, refused: bool) -> None:
    far = of(1, TODAY + timedelta(days=days))
    if refused:
        with pytest.raises(StayDates.TooFar):
            far.check(TODAY)
    else:
        far.check(TODAY)


def test_refusals_come_in_order_form_first() -> None:
    with pytest.raises(StayDates.NotAfterArrival):
        of(0, TODAY - timedelta(days=1)).check(TODAY)
    with pytest.raises(StayDates.TooLong):
        of(LONGEST_STAY_NIGHTS + 1, TODAY - timedelta(days=1)).check(TODAY)


def test_the_departure_date_is_no_night() -> None:
    assert list(of(3)) == [TODAY, date(2126, 3, 2), date(2126, 3, 3)]
    assert of(3).nights == 3
    assert list(of(0)) == []


def test_months_and_leap_days_are_passed() -> None:
    leap = StayDates(date(2128, 2, 28), date(2128, 3, 1))
    assert list(leap) == [date(2128, 2, 28), date(2128, 2, 29)]
