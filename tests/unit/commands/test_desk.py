"""Which day it is at the desk: the business date for staff until the night audit, the calendar's at the property for guests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.room_night import RoomNight
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.desk import NEXT_STEP, Over, nights_between
from commands.mark_no_show import MarkNoShow
from ledger.refusal import Refusal
from ledger.stay import DERIVED
from tests.examples import ARRIVAL, OPENED, confirmed, held, stay
from tests.spec import given
from tests.unit.commands.stay_stories import BOOKED, ID, R, checked_in, day, on_day

OF_THE_STAY: dict[str, Any] = {"reservation_id": R, "stay_id": ID}
AFTER_MIDNIGHT = on_day(1, -12 * 60)
"""Half past one in the night after the day of arrival."""


def test_before_the_night_audit_it_is_still_yesterday_for_staff() -> None:
    arrived = given(*BOOKED).when(CheckIn(**OF_THE_STAY), at=AFTER_MIDNIGHT, business_date=ARRIVAL)
    arrived.answers(state="checked_in", early=False)
    given(*BOOKED).when(CheckIn(**OF_THE_STAY), at=on_day(0), business_date=day(-1)).refuses(CheckIn.TooEarly)
    given(*BOOKED).when(MarkNoShow(**OF_THE_STAY), at=on_day(0), business_date=day(-1)).refuses(MarkNoShow.TooEarly)


ONE_NIGHT = stay("r", nights=1)
CHECK_OUT = -150
"""Minutes from half past one in the afternoon back to the check-out time."""


@pytest.mark.parametrize(
    ("minutes", "business_day", "is_over"),
    [
        (-12 * 60, None, False), (CHECK_OUT - 1, None, False), (CHECK_OUT, None, True), (0, None, True),
        (0, 0, False), (-12 * 60, 1, True),
    ],
)  # fmt: skip
def test_who_comes_in_the_night_has_what_is_left_of_it(minutes: int, business_day: int | None, *, is_over: bool) -> None:
    business_date = None if business_day is None else day(business_day)
    story = [*OPENED, *held("r", ONE_NIGHT), *confirmed("r", ONE_NIGHT)]
    verdict = given(*story).when(CheckIn(**OF_THE_STAY), at=on_day(1, minutes), business_date=business_date)
    if is_over:
        verdict.refuses(Over, departure=day(1).isoformat())
    else:
        verdict.answers(state="checked_in", room="g1", early=False)


def test_who_comes_in_the_night_may_have_another_room_for_what_is_left_of_it() -> None:
    story = [*OPENED, *held("r", ONE_NIGHT), *confirmed("r", ONE_NIGHT)]
    verdict = given(*story).when(CheckIn(**OF_THE_STAY, room="g2"), at=on_day(1, -12 * 60))
    verdict.answers(state="checked_in", room="g2")
    moved = [each.event for each in verdict.decision.changes if isinstance(each.event, RoomNight.Reassigned)]
    assert {(event.room, event.stay_date) for event in moved} == {("g1", day(0)), ("g2", day(0))}


def test_a_room_for_the_day_is_over_with_its_day() -> None:
    booked = replace(ONE_NIGHT, slot="day")
    story = [*OPENED, *held("r", booked), *confirmed("r", booked)]
    given(*story).when(CheckIn(**OF_THE_STAY), at=on_day(1, -12 * 60)).refuses(Over)


def test_guests_live_by_the_calendar_whatever_the_business_date_is() -> None:
    wish = ChangeStay(**OF_THE_STAY, departure=day(3))
    asked: dict[str, Any] = {"at": AFTER_MIDNIGHT, "business_date": ARRIVAL}
    given(*BOOKED).when(wish, **asked, actor="guest").refuses(ChangeStay.AskTheHotel)
    assert given(*BOOKED).when(wish, **asked).decision.changes


@pytest.mark.parametrize(("business_day", "nights_back"), [(1, 1), (2, 0)])
def test_nights_that_are_left_are_counted_from_the_business_date(business_day: int, nights_back: int) -> None:
    verdict = given(*BOOKED, checked_in()).when(
        CheckOut(**OF_THE_STAY), at=on_day(2, -13 * 60), business_date=day(business_day)
    )
    assert sum("Released" in type(each.event).__name__ for each in verdict.decision.changes) == nights_back


def test_every_state_has_a_next_step() -> None:
    assert set(NEXT_STEP) == {state for state, _ in DERIVED}


def test_every_refusal_of_a_stay_says_what_to_do_next() -> None:
    verdict = given(*BOOKED, checked_in()).when(CheckIn(**OF_THE_STAY), at=on_day(0))
    refusal = verdict.refusal
    assert isinstance(refusal, Refusal)
    assert refusal.message == "This stay is checked in: " + NEXT_STEP["checked_in"] + "."
    assert refusal.details == {"state": "checked_in", "needed": ["confirmed"]}


@pytest.mark.parametrize("count", [-1, 0, 1, 3])
def test_nights_between_two_dates(count: int) -> None:
    assert nights_between(ARRIVAL, day(count)) == [ARRIVAL + timedelta(days=each) for each in range(max(0, count))]
