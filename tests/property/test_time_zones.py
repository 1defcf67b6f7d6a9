"""No stay loses or gains a night: hotels in Colombo, New York and Apia, booked from anywhere, at the worst of hours.

Guests elsewhere ask at a UTC moment; what is "today", until when cancelling is free and what a calendar shows is the hotel's.
Each is compared with `hotel_time`, which knows the rules by heart instead of asking the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from icalendar import Calendar
from msgspec.structs import replace

from aggregates.reservation import Reservation
from commands import desk as desk_command
from commands import hold_stay as hold_stay_command
from commands.cancel_reservation import CancelReservation
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.confirm_reservation import ConfirmReservation
from commands.define_property import DefineProperty
from commands.hold_stay import HoldStay
from commands.move_stay import MoveStay
from ledger.clock import local_date
from ledger.price import StayPrice, cancellation_fee
from queries.calendar_file import CalendarStay, calendar_file
from tests.examples import CODE, HOTEL, NOBODY, TARIFF, hold_stay
from tests.inspector import Inspector, Line
from tests.memory_log import MemoryLog
from tests.property.hotel_time import AHEAD, TURNS, date_at, exists, moment_of
from tests.reception import CATALOGUE, Reception

CHECK_IN, CHECK_OUT = time(14), time(11)
CLOCKS = st.sampled_from([time(0), time(2, 30), time(10, 59), time(11), time(11, 1), time(13, 59), time(14), time(23, 59)])
EDGE_MOMENT = datetime(2027, 7, 1, 12, tzinfo=UTC)
GUESTS = ("America/Los_Angeles", "Europe/London", "Asia/Colombo", "Pacific/Kiritimati", "Pacific/Pago_Pago")
zones = pytest.mark.parametrize("zone", AHEAD)


@dataclass(frozen=True)
class Wish:
    """A stay near a turn of the clocks, wanted so many minutes before its arrival date begins at the hotel."""

    arrival: date
    nights: int
    minutes_before: int

    @property
    def departure(self) -> date:
        return self.arrival + timedelta(days=self.nights)

    @property
    def dates(self) -> list[date]:
        return [self.arrival + timedelta(days=number) for number in range(self.nights)]

    def asked_at(self, zone: str) -> datetime:
        return moment_of(zone, self.arrival, time(0)) - timedelta(minutes=self.minutes_before)

    @property
    def command(self) -> HoldStay:
        return hold_stay(arrival=self.arrival, departure=self.departure)


NEAR = st.sampled_from([0, 1, -1, 60, -60, 600, -600, 24 * 60, 24 * 60 + 1, 24 * 60 - 1, -24 * 60, -24 * 60 + 1])
SOON = NEAR | st.integers(-36 * 60, 48 * 60)
LONG_BEFORE = st.integers(8 * 24 * 60, 12 * 24 * 60)


def wishes(zone: str, minutes_before: st.SearchStrategy[int] = SOON) -> st.SearchStrategy[Wish]:
    """Draw stays of one to six nights that begin a few days before or after a turn."""
    return st.builds(
        Wish,
        arrival=st.builds(lambda turn, days: turn + timedelta(days=days), st.sampled_from(TURNS[zone]), st.integers(-4, 3)),
        nights=st.integers(1, 6),
        minutes_before=minutes_before,
    )


class Desk:
    """One hotel in one zone, with its own log."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.log = MemoryLog(CODE)
        self.reception = Reception.in_memory(self.log)

    async def open(self, at: datetime) -> None:
        hotel, tariff = replace(HOTEL, time_zone=self.zone), replace(TARIFF, time_zone=self.zone)
        opening = DefineProperty(definition=msgspec.to_builtins(hotel), tariff=msgspec.to_builtins(tariff))
        assert (await self.reception.ask(opening, at=at)).accepted

    async def book(self, wish: Wish) -> UUID:
        held = await self.reception.ask(wish.command, at=wish.asked_at(self.zone))
        assert held.accepted, held.message
        reservation = UUID(held.answer["reservation_id"])
        done = await self.reception.ask(ConfirmReservation(reservation_id=reservation), at=wish.asked_at(self.zone))
        assert done.accepted, done.message
        return reservation

    def nights_of(self, topic: str) -> list[date]:
        lines = [Line.of(row) for row in self.log.rows if row.topic == topic]
        return [date.fromisoformat(line.body["stay_date"]) for line in lines]

    def nights_now(self) -> list[date]:
        """List the dates of the room-nights that somebody has, after every law was looked at."""
        inspector = Inspector()
        for row in self.log.rows:
            inspector.read(Line.of(row))
        return sorted(date.fromisoformat(day) for _, day, _ in inspector.nights)

    def price_of(self, reservation: UUID) -> StayPrice:
        """Give what the only stay costs, and under which policy, as it was held."""
        held = next(row for row in self.log.rows if row.stream == reservation)
        event = CATALOGUE.decode(held.topic, held.payload)
        assert isinstance(event, Reservation.Held)
        return event.stays[0].price

    def price_after_change(self, reservation: UUID) -> StayPrice:
        """Give what the stay costs as it was last changed."""
        events = [CATALOGUE.decode(row.topic, row.payload) for row in self.log.rows if row.stream == reservation]
        return [event.stay.price for event in events if isinstance(event, Reservation.StayChanged)][-1]


def replace_wish(wish: Wish, arrival: date, nights: int) -> Wish:
    """Give the wish for other dates, asked at the same moment."""
    return Wish(arrival, nights, wish.minutes_before) if (arrival, nights) != (wish.arrival, wish.nights) else wish


def made_by_hold(desk: Desk, reservation: UUID) -> UUID:
    """Give the id of the only stay."""
    held = next(Line.of(row) for row in desk.log.rows if row.stream == reservation)
    return UUID(held.body["stays"][0]["stay_id"])


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


@zones
@given(draws=st.data())
def test_today_is_the_hotels_and_a_hold_has_exactly_its_nights(zone: str, draws: st.DataObject) -> None:
    wish = draws.draw(wishes(zone))

    async def story() -> None:
        desk, at = Desk(zone), wish.asked_at(zone)
        await desk.open(at)
        outcome = await desk.reception.ask(wish.command, at=at)
        over = date_at(zone, at) > wish.arrival
        assert outcome.code == ("dates.past" if over else "")
        assert desk.nights_now() == ([] if over else wish.dates)

    run(story())


@zones
@given(draws=st.data())
def test_cancelling_is_free_until_check_in_time_three_days_before_on_the_hotels_wall(zone: str, draws: st.DataObject) -> None:
    wish = draws.draw(wishes(zone, LONG_BEFORE))
    deadline = moment_of(zone, wish.arrival - timedelta(days=3), CHECK_IN)
    late = draws.draw(st.sampled_from([-3600, -1, 0, 1, 3600]))

    async def story() -> None:
        desk = Desk(zone)
        await desk.open(wish.asked_at(zone))
        reservation = await desk.book(wish)
        assert desk.nights_now() == wish.dates
        price = desk.price_of(reservation)
        assert price.policy.free_until == deadline
        assert {line.stay_date for line in price.lines} == set(wish.dates)
        at = deadline + timedelta(seconds=late)
        assert (cancellation_fee(price, at).amount_minor == 0) == (late < 0)
        gone = await desk.reception.ask(CancelReservation(reservation_id=reservation), at=at)
        assert gone.accepted, gone.message
        assert desk.nights_of("room-night.cancelled.v1") == wish.dates
        assert desk.nights_now() == []

    run(story())


@zones
@given(draws=st.data())
def test_a_changed_stay_is_lived_night_by_night_on_the_hotels_wall(zone: str, draws: st.DataObject) -> None:
    """Changed from far away, begun early or late, left early or late: each on the hotel's dates, whatever the clocks do."""
    wish = draws.draw(wishes(zone, LONG_BEFORE))
    arrival = wish.arrival + timedelta(days=draws.draw(st.integers(-1, 1)))
    after = replace_wish(wish, arrival, max(1, wish.nights + draws.draw(st.integers(-1, 2))))
    leaving = after.arrival + timedelta(days=draws.draw(st.integers(0, after.nights)))
    assume(exists(zone, after.arrival))
    assume(exists(zone, leaving))
    arrives = moment_of(zone, after.arrival, draws.draw(CLOCKS))
    leaves = max(moment_of(zone, leaving, draws.draw(CLOCKS)), arrives)

    async def story() -> None:
        desk = Desk(zone)
        await desk.open(wish.asked_at(zone))
        reservation = await desk.book(wish)
        ids = {"reservation_id": reservation, "stay_id": made_by_hold(desk, reservation)}
        if after != wish:
            dates = {"arrival": after.arrival, "departure": after.departure}
            changed = await desk.reception.ask(ChangeStay.model_validate(ids | dates), at=wish.asked_at(zone))
            assert changed.accepted, changed.message
            price = desk.price_after_change(reservation)
            assert price.policy.free_until == moment_of(zone, after.arrival - timedelta(days=3), CHECK_IN)
            assert {line.stay_date for line in price.lines} == set(after.dates)
        assert desk.nights_now() == after.dates
        before_dawn = moment_of(zone, after.arrival, time(0)) - timedelta(seconds=1)
        too_early = await desk.reception.ask(CheckIn.model_validate(ids), at=before_dawn)
        assert too_early.code == "stay.not_due"
        there = await desk.reception.ask(CheckIn.model_validate(ids), at=arrives)
        assert (there.code, there.answer.get("early")) == ("", arrives < moment_of(zone, after.arrival, CHECK_IN))
        gone = await desk.reception.ask(CheckOut.model_validate(ids), at=leaves)
        assert (gone.code, gone.answer.get("late")) == ("", leaves > moment_of(zone, after.departure, CHECK_OUT))
        first = after.arrival
        assert desk.nights_now() == [day for day in after.dates if day == first or day < date_at(zone, leaves)]

    run(story())


@zones
@pytest.mark.parametrize("guarded", [True, False])
def test_control_with_the_dates_of_greenwich_today_is_another_day(zone: str, *, guarded: bool) -> None:
    """Half an hour after midnight east of Greenwich, half an hour before it west of there: the date must be the hotel's."""
    minutes = 24 * 60 + 30 if AHEAD[zone](EDGE_MOMENT) > timedelta(0) else 23 * 60 + 30
    wish = Wish(EDGE_MOMENT.date(), 2, -minutes)
    over = date_at(zone, wish.asked_at(zone)) > wish.arrival

    async def story() -> list[str]:
        desk = Desk(zone)
        early = Wish(wish.arrival, 2, 10 * 24 * 60)
        await desk.open(early.asked_at(zone))
        reservation = await desk.book(early)
        ids = {"reservation_id": reservation, "stay_id": made_by_hold(desk, reservation)}
        asked = [wish.command, MoveStay.model_validate(ids | {"room": "g3", "first_night": wish.arrival})]
        return [(await desk.reception.ask(each, at=wish.asked_at(zone))).code for each in asked]

    right = ["dates.past", "stay.night_outside"] if over else ["", ""]
    tell = local_date if guarded else lambda now, _: now.date()
    with patch.object(hold_stay_command, "local_date", tell), patch.object(desk_command, "local_date", tell):
        answers = asyncio.run(story())
    assert [answer == expected for answer, expected in zip(answers, right, strict=True)] == [guarded, guarded]


@zones
@given(draws=st.data())
def test_a_calendar_file_spans_the_same_nights_wherever_it_is_opened(zone: str, draws: st.DataObject) -> None:
    """Read with the zone rules that are inside the file, as a calendar far away does."""
    wish = draws.draw(wishes(zone))
    assume(exists(zone, wish.arrival))
    assume(exists(zone, wish.departure))
    read: Any = Calendar.from_ical(calendar_file(entry(zone, wish), cancelled=False))
    (event,), (rules,) = read.walk("VEVENT"), read.walk("VTIMEZONE")
    wall = rules.to_tz(lookup_tzid=False)
    midnights = {moment_of(zone, day, time(0)) for day in [*wish.dates[1:], wish.departure]}
    for guest in GUESTS:
        begins, ends = (event[name].dt.replace(tzinfo=wall).astimezone(ZoneInfo(guest)) for name in ("DTSTART", "DTEND"))
        assert begins == moment_of(zone, wish.arrival, CHECK_IN)
        assert ends == moment_of(zone, wish.departure, CHECK_OUT)
        assert sum(begins < midnight < ends for midnight in midnights) == sum(exists(zone, day) for day in wish.dates)


def entry(zone: str, wish: Wish) -> CalendarStay:
    return CalendarStay(
        reservation_id=NOBODY, confirmation_code="KANDY-1", arrival=wish.arrival, departure=wish.departure, rooms=("Garden",),
        written_at=wish.asked_at(zone), property_name="Little Kandy", address="1 Temple Street", phone="",
        email="a@example.com", time_zone=zone, check_in_time=f"{CHECK_IN:%H:%M}", check_out_time=f"{CHECK_OUT:%H:%M}",
    )  # fmt: skip
