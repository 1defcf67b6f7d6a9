"""A program that books through the real command path until it is killed, and writes down every answer that it gets.

Run as `python -m tests.fault.booker CODE NAME FIRST DAY`. An answer counts once its line is written; a line that a killed
process has written stays.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import date, timedelta
from itertools import count
from uuid import UUID

from commands.dispatch import Asked, Dispatch
from commands.hold_stay import HoldStay
from ledger.refusal import Refusal, Unavailable, code_of
from ops.settings import read_settings
from ops.wiring import wired
from tests.examples import GUEST, named

CALLERS = 6
DAYS = 9
"""Few dates for many guests, so that about half of them are refused."""


def command_id(name: str, number: int) -> UUID:
    return named(f"{name} {number}")


def command(number: int, day: date) -> HoldStay:
    """Give the nth request of everybody's list: two nights, at a date that comes again and again."""
    arrival = day + timedelta(days=2 * (number * 7 % DAYS))
    return HoldStay(
        room_type="villa" if number % 5 == 0 else "garden", rate_plan="flexible", arrival=arrival,
        departure=arrival + timedelta(days=2), adults=2, guest=GUEST,
    )  # fmt: skip


async def answer(dispatch: Dispatch, name: str, number: int, day: date) -> dict[str, object]:
    """Ask until there is an answer, as a guest's browser does: the same request under the same id."""
    asked = Asked(command_id=command_id(name, number), actor="guest")
    while True:
        try:
            outcome = await dispatch(command(number, day), asked)
        except Refusal as refusal:
            return {"name": name, "number": number, "code": code_of(refusal), "message": refusal.message, "position": 0}
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return {
                "name": name, "number": number, "code": "", "message": outcome.answer["reservation_id"],
                "position": outcome.position,
            }  # fmt: skip


async def book(code: str, name: str, first: int, day: date) -> None:
    """Book for ever, a few at a time."""
    numbers = count(first)
    async with wired(read_settings(), connections=4) as wiring:
        listed = next(each for each in await wiring.access.properties() if each.code == code)
        dispatch = wiring.dispatch(listed, None)

        async def guest() -> None:
            for number in numbers:
                told = await answer(dispatch, name, number, day)
                os.write(sys.stdout.fileno(), json.dumps(told).encode() + b"\n")
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as guests:
            for _ in range(CALLERS):
                guests.create_task(guest())


if __name__ == "__main__":
    asyncio.run(book(sys.argv[1], sys.argv[2], int(sys.argv[3]), date.fromisoformat(sys.argv[4])))
