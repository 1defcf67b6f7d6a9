"""Appending to a real PostgreSQL: one order, no holes, guards that hold, answers that stay."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from commands.cancel_reservation import CancelReservation
from commands.define_property import DefineProperty
from commands.hold_stay import guest_stream
from ledger.command import FINGERPRINT_BYTES, Outcome
from ledger.ids import property_stream
from ledger.log import Batch, Conflict, Connection, Log
from tests.examples import CODE, NOW, TARIFF, hold_stay, named
from tests.integration.ledger.ledgers import Ledger
from tests.reception import CATALOGUE, OPEN, Reception

VILLA = hold_stay(room_type="villa", adults=3)
POKED = Payment.Poked(reservation_id=named("r"), source="test", vendor_event_id="", kind="")


def batch(stream: UUID, *versions: int, guards: dict[UUID, int] | None = None, command_id: UUID | None = None) -> Batch:
    """Give a batch of one command that writes these versions of a stream."""
    payload = CATALOGUE.encode(POKED)
    return Batch(
        guards=guards or {},
        events=[(stream, version, POKED.topic, payload, 1, index) for index, version in enumerate(versions)],
        commands=[(command_id or named(f"{stream} {versions}"), len(versions), NOW, None, None, "test", None)],
        outcomes=[(bytes(FINGERPRINT_BYTES), len(versions), b'{"accepted":true}')],
    )


def test_positions_count_on_without_holes_whatever_fails_in_between(ledger: Ledger) -> None:
    async def run() -> list[int]:
        async with ledger.connection() as connection:
            for number in range(1, 6):
                await ledger.log.append(connection, batch(named("a"), number))
                with pytest.raises(Conflict):
                    await ledger.log.append(connection, batch(named("a"), number, command_id=named(f"loser {number}")))
        async with ledger.connection(autocommit=False) as connection:
            await ledger.log.append(connection, batch(named("b"), 1))
            await connection.rollback()
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("c"), 1, 2, 3))
        return [row.position for row in await ledger.rows()]

    assert asyncio.run(run()) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_recorded_at_never_runs_backwards_and_is_one_for_a_batch(ledger: Ledger) -> None:
    async def run() -> list[Any]:
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("a"), 1, 2))
            ledger.damage("UPDATE {schema}.events SET recorded_at = '2200-01-01T00:00:00Z'")
            await ledger.log.append(connection, batch(named("b"), 1))
        return [row.recorded_at for row in await ledger.rows()]

    first, second, third = asyncio.run(run())
    assert first == second == third, "the machine's clock is behind the last event, so the last event's time counts"


def test_a_guard_that_holds_lets_through_and_one_that_moved_does_not(ledger: Ledger) -> None:
    async def run() -> int:
        async with ledger.connection() as connection:
            append = ledger.log.append
            await append(connection, batch(named("day"), 1))
            await append(connection, batch(named("a"), 1, guards={named("day"): 1, named("untouched"): 0}))
            for wrong in ({named("day"): 0}, {named("day"): 2}, {named("untouched"): 1}, {named("day"): 1, named("a"): 0}):
                with pytest.raises(Conflict):
                    await append(connection, batch(named("b"), 1, guards=wrong))
        return len(await ledger.rows())

    assert asyncio.run(run()) == 2


def test_a_guard_sees_what_was_committed_while_it_waited_for_its_turn(ledger: Ledger) -> None:
    """Guards inside one statement with the lock would see the snapshot from before the wait."""

    async def run() -> int:
        async with ledger.connection(autocommit=False) as first, ledger.connection() as second:
            await ledger.log.append(first, batch(named("day"), 1))
            waiting = asyncio.create_task(ledger.log.append(second, batch(named("a"), 1, guards={named("day"): 0})))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await first.commit()
            with pytest.raises(Conflict):
                await waiting
        return len(await ledger.rows())

    assert asyncio.run(run()) == 1


def test_a_command_id_is_written_once(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("a"), 1, command_id=named("id")))
            with pytest.raises(Conflict):
                await ledger.log.append(connection, batch(named("b"), 1, command_id=named("id")))

    asyncio.run(run())


def test_what_is_read_is_what_was_written(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.connection() as connection:
            assert await ledger.log.head(connection) == (0, None)
            await ledger.log.append(connection, batch(named("a"), 1, 2, command_id=named("id")))
            await ledger.log.append(connection, batch(named("b"), 1))
            reading = await ledger.log.read(connection, 2, [named("a")], [named("id"), named("nobody")])
            events = reading.rows
            assert [(row.position, row.stream, row.version) for row in events] == [(1, named("a"), 1), (2, named("a"), 2)]
            assert (reading.head, reading.news) == (3, [(named("b").int, 1)])
            assert reading.outcomes == {named("id"): (bytes(FINGERPRINT_BYTES), Outcome(accepted=True, position=2))}
            row = events[0]
            assert (row.topic, row.payload, row.occurred_at) == (POKED.topic, CATALOGUE.encode(POKED), NOW)
            assert (row.command_id, row.command_index, row.command_count, row.actor) == (named("id"), 0, 2, "test")
            assert await ledger.log.streams(connection, [named("a")]) == events
            assert (await ledger.log.head(connection))[0] == 3

    asyncio.run(run())


# —— Through the writer ———————————————————————————————————————————————————————————————————————————————————————————————


class Beaten(Log):
    """A log on which somebody else is always first, once."""

    rival: Any = None

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        if self.rival is not None:
            first, self.rival = self.rival, None
            await first()
        return await super().append(connection, batch)


@pytest.mark.parametrize("rooms", [("g1",), ()])
def test_after_a_conflict_the_second_try_wins(ledger: Ledger, rooms: tuple[str, ...]) -> None:
    async def run() -> tuple[Outcome, Outcome]:
        async with ledger.receptions(1, Beaten) as (slow,), ledger.receptions(1) as (fast,):
            outcomes: list[Outcome] = []

            async def rival() -> None:
                outcomes.append(await fast.ask(hold_stay(), rooms=("g1",)))

            log = slow.writer._log
            assert isinstance(log, Beaten)
            log.rival = rival
            return await slow.ask(hold_stay(), rooms=rooms), outcomes[0]

    mine, theirs = asyncio.run(run())
    assert (mine.code, theirs.code) == ("", "")
    held = [row for row in asyncio.run(ledger.rows()) if row.topic == "room-night.hold-requested.v1"]
    assert len({row.stream for row in held}) == 4, "two rooms for two nights each"


def test_after_a_conflict_a_loser_is_told_and_its_neighbours_win(ledger: Ledger) -> None:
    async def run() -> list[str]:
        async with ledger.receptions(1, Beaten) as (slow,), ledger.receptions(1) as (fast,):
            log = slow.writer._log
            assert isinstance(log, Beaten)
            log.rival = lambda: fast.ask(VILLA)
            return [outcome.code for outcome in await asyncio.gather(slow.ask(VILLA), slow.ask(hold_stay()))]

    assert asyncio.run(run()) == ["sold_out", ""]


def test_a_property_that_changed_while_deciding_is_decided_on_again(ledger: Ledger) -> None:
    """The definition is a guard of every hold: nobody books by a tariff that is no longer in force."""

    async def run() -> Outcome:
        async with ledger.receptions(1, Beaten) as (slow,), ledger.receptions(1) as (fast,):
            log = slow.writer._log
            assert isinstance(log, Beaten)
            log.rival = lambda: fast.ask(_dearer())
            return await slow.ask(hold_stay(quoted_total={"amount_minor": 32_242, "currency": "USD"}))

    assert asyncio.run(run()).code == "quote.changed"


def _dearer() -> DefineProperty:
    prices = tuple(replace(price, base_minor=price.base_minor * 2) for price in TARIFF.prices)
    return OPEN.model_copy(update={"tariff": msgspec.to_builtins(replace(TARIFF, prices=prices))})


async def _answers(reception: Reception) -> tuple[list[Outcome], list[Outcome]]:
    """Ask for a hold, a hold that is refused, and a cancellation; then for all of them again."""
    asked = [
        (VILLA, named("winner")),
        (VILLA, named("loser")),
        (CancelReservation(reservation_id=guest_stream(named("winner"))), named("cancel")),
    ]
    first = [await reception.ask(command, command_id=command_id) for command, command_id in asked]
    return first, [await reception.ask(command, command_id=command_id) for command, command_id in asked]


def test_the_same_id_gets_the_same_answer_also_when_refused_and_in_another_process(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.receptions(2) as (one, other):
            first, again = await _answers(one)
            assert [outcome.code for outcome in first] == ["", "sold_out", ""]
            assert again == [replace(outcome, again=True) for outcome in first]
            rows = len(await ledger.rows())
            assert (await _answers(other))[1] == again
            assert len(await ledger.rows()) == rows
            reused = await other.ask(hold_stay(), command_id=named("winner"))
            assert reused.code == "command.id_reused"

    asyncio.run(run())


def test_the_writer_carries_the_whole_envelope(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.receptions(1) as (reception,):
            await reception.ask(VILLA, command_id=named("hold"))
        rows = [row for row in await ledger.rows() if row.command_id == named("hold")]
        assert [(row.command_index, row.command_count) for row in rows] == [(0, 3), (1, 3), (2, 3)]
        assert {(row.actor, row.occurred_at) for row in rows} == {("test", NOW)}
        assert rows[0].stream == guest_stream(named("hold"))
        assert property_stream(CODE) in {row.stream for row in await ledger.rows()}

    asyncio.run(run())
