"""Answers are kept for their days, to the second, those of sagas for ever; forgetting them stands in nobody's way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg import sql

from ledger.outcomes import BATCH_OUTCOMES, Outcomes, creation
from ledger.schema import schema_name
from tests.examples import ARRIVAL, NOW, hold_stay, named
from tests.integration.ledger.ledgers import Ledger

DAYS = timedelta(days=30)
SECOND = timedelta(seconds=1)


async def put(ledger: Ledger, age: timedelta, actor: str, command_id: UUID | None = None, number: int = 1) -> None:
    """Put answers into the table as they were recorded so long before NOW."""
    insert = sql.SQL(
        "INSERT INTO {}.outcomes SELECT coalesce(%s, gen_random_uuid()), 'print', %s, %s, 1, 'answer'"
        " FROM generate_series(1, %s)"
    ).format(sql.Identifier(schema_name(ledger.code)))
    async with ledger.connection() as connection:
        await connection.execute(insert, [command_id, actor, NOW - age, number])


async def kept(ledger: Ledger) -> set[UUID]:
    """Give the ids of the answers that are left."""
    found = sql.SQL("SELECT command_id FROM {}.outcomes").format(sql.Identifier(schema_name(ledger.code)))
    async with ledger.connection() as connection:
        return {command_id for (command_id,) in await (await connection.execute(found)).fetchall()}


async def forget(ledger: Ledger) -> int:
    async with ledger.connection() as connection:
        return await Outcomes(ledger.code).forget(connection, NOW - DAYS)


AGES = {
    DAYS - timedelta(days=1): True,
    DAYS - SECOND: True,
    DAYS: True,
    DAYS + SECOND: False,
    DAYS + timedelta(days=1): False,
    DAYS * 40: False,
}
"""Age of an answer to a request → whether it is still given."""


def test_an_answer_is_kept_for_its_days_and_one_to_a_saga_for_ever(ledger: Ledger) -> None:
    requests = {(age, actor): stays for age, stays in AGES.items() for actor in ("guest", "key:4711", "cli", "sagacious")}
    every = requests | {(age, actor): True for age in AGES for actor in ("saga:paying", "saga")}

    async def run() -> tuple[int, int, set[UUID]]:
        for age, actor in every:
            await put(ledger, age, actor, named(f"{age} {actor}"))
        async with ledger.connection() as connection:
            counted, _ = await Outcomes(ledger.code).older(connection, NOW - DAYS)
        return counted, await forget(ledger), await kept(ledger)

    left = {named(f"{age} {actor}") for (age, actor), stays in every.items() if stays}
    assert asyncio.run(run()) == (len(every) - len(left), len(every) - len(left), left)


def test_more_than_a_batch_goes_and_an_old_saga_s_answer_stays(ledger: Ledger) -> None:
    async def run() -> tuple[int, int, set[UUID]]:
        await put(ledger, DAYS * 2, "guest", number=2 * BATCH_OUTCOMES + 7)
        await put(ledger, DAYS + timedelta(hours=5), "guest", number=3)
        await put(ledger, DAYS * 3, "saga:mailing", named("mail"))
        return await forget(ledger), await forget(ledger), await kept(ledger)

    assert asyncio.run(run()) == (2 * BATCH_OUTCOMES + 10, 0, {named("mail")})


def test_forgetting_does_not_wait_for_the_ledger_s_lock_nor_hold_anybody_up(ledger: Ledger) -> None:
    async def run() -> int:
        await put(ledger, DAYS * 2, "guest", number=3)
        async with ledger.connection(autocommit=False) as writing:
            await ledger.log.lock(writing)
            return await forget(ledger)

    assert asyncio.run(run()) == 3


def test_a_key_whose_answer_is_forgotten_makes_no_second_reservation_of_its_first(ledger: Ledger) -> None:
    async def run() -> tuple[str, str, str]:
        async with ledger.receptions(1) as (reception,):
            await reception.ask(hold_stay(), command_id=named("hold"))
            ledger.damage("DELETE FROM {schema}.outcomes")
            later = hold_stay(arrival=ARRIVAL + timedelta(days=5), departure=ARRIVAL + timedelta(days=6))
            other = await reception.ask(later, command_id=named("hold"))
            again = await reception.ask(hold_stay(), command_id=uuid4())
            return other.code, (await reception.ask(later, command_id=named("hold"))).code, again.code

    assert asyncio.run(run()) == ("command.id_reused", "command.id_reused", "")
    held = [row for row in asyncio.run(ledger.rows()) if row.topic == "reservation.held.v1"]
    assert [row.version for row in held] == [1, 1]


def test_the_index_can_be_made_again(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.connection() as connection:
            for _ in range(2):
                await connection.execute(creation(ledger.code))

    asyncio.run(run())
