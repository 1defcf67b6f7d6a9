"""A stored event that cannot be read, through the real writer: who needs its stream is told where it stands."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from commands.confirm_reservation import ConfirmReservation
from commands.hold_stay import HoldStay
from ledger.command import Outcome
from ledger.log import Log
from ledger.unreadable import CorruptEvent, UnknownTopic, Unreadable
from queries.streams import Streams
from tests.examples import hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.test_order import clients
from tests.reception import CATALOGUE, Reception

VILLA = hold_stay(room_type="villa", adults=3)
DAMAGES = {
    "a newer topic": ("topic = 'reservation.held.v9'", UnknownTopic, "reservation.held.v9"),
    "a truncated payload": ("payload = substr(payload, 1, 40)", CorruptEvent, "truncated"),
    "a field of another type": (
        "payload = convert_to(replace(convert_from(payload, 'UTF8'), '\"language\":\"en\"', '\"language\":1'), 'UTF8')",
        CorruptEvent, "field language",
    ),
}  # fmt: skip


async def held(reception: Reception, asked: HoldStay = VILLA) -> UUID:
    outcome = await reception.ask(asked)
    assert outcome.accepted
    return UUID(outcome.answer["reservation_id"])


@pytest.mark.parametrize("damage", DAMAGES)
def test_it_stops_only_what_needs_its_stream(ledger: Ledger, damage: str) -> None:
    change, kind, said = DAMAGES[damage]

    async def run() -> None:
        async with ledger.receptions(1) as (reception,):
            reservation_id = await held(reception)
        position = next(row.position for row in await ledger.rows() if row.stream == reservation_id)
        ledger.damage(f"UPDATE {{schema}}.events SET {change} WHERE position = {position}")  # noqa: S608 - a test's own words
        async with ledger.receptions(1) as (reception,):
            asked = [
                reception.ask(ConfirmReservation(reservation_id=reservation_id)),
                reception.ask(hold_stay()),
                reception.ask(VILLA),
                reception.ask(ConfirmReservation(reservation_id=reservation_id)),
            ]
            broken, garden, villa, again = await asyncio.gather(*asked, return_exceptions=True)
            for wrong in (broken, again):
                assert isinstance(wrong, Unreadable)
                assert type(wrong) is kind
                assert wrong.position == position
                assert said in str(wrong)
            assert isinstance(garden, Outcome)
            assert isinstance(villa, Outcome)
            assert garden.accepted
            assert villa.code == "sold_out", "its room-nights can be read, and they are taken"
            assert (await reception.ask(hold_stay())).accepted, "the next batch goes on, too"
        rows = [row for row in await ledger.rows() if row.stream == reservation_id]
        assert [row.position for row in rows] == [position], "something was written on top of what nobody could read"

    asyncio.run(run())


@pytest.mark.parametrize("damage", DAMAGES)
def test_readers_stop_before_it_and_say_where(ledger: Ledger, damage: str) -> None:
    change, kind, said = DAMAGES[damage]

    async def run() -> None:
        async with ledger.receptions(1) as (reception,), clients(ledger.url) as pool:
            await held(reception)
            reservation_id = await held(reception, hold_stay())
            streams = Streams(Log(ledger.code), pool, CATALOGUE)
            whole = await streams.after(0, 1000)
            position = next(event.position for event in whole if event.stream == reservation_id)
            ledger.damage(f"UPDATE {{schema}}.events SET {change} WHERE position = {position}")  # noqa: S608 - a test's own words
            before = await streams.after(0, 1000)
            assert before == [event for event in whole if event.position < position]
            with pytest.raises(kind, match=f"position {position} .*{said}"):
                await streams.after(position - 1, 1000)
            with pytest.raises(kind, match=f"position {position} "):
                await streams.read([reservation_id])

    asyncio.run(run())
