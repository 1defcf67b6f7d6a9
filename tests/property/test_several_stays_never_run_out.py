"""A hotel of three rooms that takes holds of several stays with their own dates: refused is only who finds a night too full."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from uuid import uuid5

from hypothesis import event, given, settings
from hypothesis import strategies as st

from commands.hold_stay import HoldStay, StayWish
from ledger.command import Outcome
from tests.conftest import PROFILE
from tests.examples import ARRIVAL, CODE, GUEST, NOBODY
from tests.inspector import moves_in_a_valid_hotel
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception

ROOMS, NIGHTS = 3, 12
Dates = tuple[int, int]
"""First night, nights."""

years = st.lists(
    st.lists(st.tuples(st.integers(0, NIGHTS - 1), st.integers(1, 5)), min_size=1, max_size=4), min_size=3, max_size=10
)


def nights_of(dates: Dates) -> list[date]:
    return [ARRIVAL + timedelta(days=dates[0] + night) for night in range(dates[1])]


def command(asked: list[Dates]) -> HoldStay:
    """Ask for all of them at once."""
    stays = [
        {"room_type": "garden", "rate_plan": "flexible", "arrival": nights[0], "departure": nights[-1] + timedelta(days=1)}
        for nights in map(nights_of, asked)
    ]
    return HoldStay.model_validate({"stays": [StayWish.model_validate(stay) for stay in stays], "guest": GUEST})


async def sell(log: MemoryLog, year: list[list[Dates]]) -> list[Outcome]:
    """Open the hotel and ask for all, one hold after the other."""
    reception = Reception.in_memory(log)
    await reception.ask(OPEN)
    return [
        await reception.ask(command(asked), command_id=uuid5(NOBODY, f"wish {number}")) for number, asked in enumerate(year)
    ]


@settings(max_examples=2000 if PROFILE == "nightly" else 120)
@given(years)
def test_all_stays_of_a_hold_are_taken_when_every_night_has_rooms_for_them(year: list[list[Dates]]) -> None:
    log = MemoryLog(CODE)
    outcomes = asyncio.run(sell(log, year))
    taken: Counter[date] = Counter()
    for asked, outcome in zip(year, outcomes, strict=True):
        wanted = Counter(night for dates in asked for night in nights_of(dates))
        assert outcome.accepted == all(taken[night] + count <= ROOMS for night, count in wanted.items()), outcome
        if outcome.accepted:
            taken += wanted
    event(f"{min(moves_in_a_valid_hotel(log.rows), 9)} moves")
