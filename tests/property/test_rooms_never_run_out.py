"""A hotel of three rooms that takes holds through a real writer: refused is only who finds a night without a free room."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from uuid import uuid5

from hypothesis import event, given, settings
from hypothesis import strategies as st

from commands.confirm_reservation import ConfirmReservation
from commands.hold_stay import HoldStay, guest_stream
from ledger.command import Outcome
from tests.conftest import PROFILE
from tests.examples import ARRIVAL, CODE, NOBODY, hold_stay
from tests.inspector import moves_in_a_valid_hotel
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception

ROOMS, NIGHTS = 3, 12
Asked = tuple[int, int, int]
"""First night, nights, rooms."""

wishes = st.lists(
    st.tuples(st.integers(0, NIGHTS - 1), st.integers(1, 5), st.sampled_from((1, 1, 1, 2))), min_size=4, max_size=16
)


def command(asked: Asked) -> HoldStay:
    first, nights, rooms = asked
    arrival = ARRIVAL + timedelta(days=first)
    return hold_stay(arrival=arrival, departure=arrival + timedelta(days=nights), rooms=rooms)


async def sell(log: MemoryLog, year: list[Asked]) -> list[Outcome]:
    """Open the hotel and ask for all, one after the other; every second booking is confirmed."""
    reception = Reception.in_memory(log)
    await reception.ask(OPEN)
    outcomes = []
    for number, asked in enumerate(year):
        command_id = uuid5(NOBODY, f"wish {number}")
        outcomes.append(await reception.ask(command(asked), command_id=command_id))
        if outcomes[-1].accepted and number % 2:
            assert (await reception.ask(ConfirmReservation(reservation_id=guest_stream(command_id)))).accepted
    return outcomes


@settings(max_examples=2000 if PROFILE == "nightly" else 150)
@given(wishes)
def test_who_finds_a_free_room_every_night_is_taken(year: list[Asked]) -> None:
    log = MemoryLog(CODE)
    outcomes = asyncio.run(sell(log, year))
    guests: Counter[date] = Counter()
    for asked, outcome in zip(year, outcomes, strict=True):
        nights = [ARRIVAL + timedelta(days=asked[0] + night) for night in range(asked[1])]
        assert outcome.accepted == all(guests[night] + asked[2] <= ROOMS for night in nights), outcome
        if outcome.accepted:
            guests.update(dict.fromkeys(nights, asked[2]))
    event(f"{min(moves_in_a_valid_hotel(log.rows), 9)} moves")
