"""What is not a whole, unchanged log of this property goes nowhere: one clear line, and nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from ledger.schema import schema_name
from ledger.unreadable import Unreadable
from ops.import_file import BadExport
from ops.settings import BadConfiguration
from tests.examples import hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.moving import mover

Damage = Callable[[bytes], bytes]


def without_line(number: int) -> Damage:
    return lambda content: b"".join(
        content.splitlines(keepends=True)[: number - 1] + content.splitlines(keepends=True)[number:]
    )


def swapped(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[:3], lines[4], lines[3], *lines[5:]])


def replaced(old: bytes, new: bytes, times: int = 1) -> Damage:
    def replace(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, times)

    return replace


DAMAGES: list[tuple[Damage, type[Exception], str]] = [
    (lambda content: content[:-9], BadExport, r"the last good line is \d+ \(position 5\): it was cut short"),
    (lambda content: content[: len(content) // 2], BadExport, r"ends within line \d+; the last good line is \d+ \(position"),
    (replaced(b'"room":"v1"', b'"room":"v2"'), BadExport, r"\(the event at position [345]\) is damaged, its hash differs"),
    (replaced(b'"actor":"test"', b'"actor":"tesT"', 3), BadExport, r"\(the event at position 1\) is damaged, its hash differs"),
    (without_line(4), BadExport, "line 4 holds position 4 where 3 belongs"),
    (swapped, BadExport, "line 4 holds position 4 where 3 belongs"),
    (replaced(b'"last_position":5', b'"last_position":4'), BadExport, "the events end at position 5, the header promises 4"),
    (replaced(b"USD", b"EUR"), BadExport, r"is damaged, its hash differs|the file's hash differs from its trailer"),
]  # fmt: skip


def exists(url: str, code: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT FROM information_schema.schemata WHERE schema_name = %s", [schema_name(code)])
        listed = connection.execute("SELECT FROM nightledger.properties WHERE code = %s", [code])
        return bool(found.rowcount or listed.rowcount)


def test_a_damaged_file_is_named_and_writes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            async with ledger.receptions() as (reception,):
                await reception.ask(hold_stay(room_type="villa"))
            content = await moving.taken()
            await moving.lost()
            for damage, kind, said in DAMAGES:
                with pytest.raises(kind, match=said):
                    await moving.brought(damage(content))
                assert not exists(ledger.url, ledger.code), said
            await moving.brought(content)
            assert await moving.taken() == content

    asyncio.run(run())


def test_an_event_of_a_newer_release_is_named(ledger: Ledger, tmp_path: Path) -> None:
    ledger.damage(
        "INSERT INTO {schema}.events (position, stream, version, topic, payload, occurred_at, recorded_at)"
        " VALUES (1, gen_random_uuid(), 1, 'reservation.teleported.v7', '{{}}', now(), now())"
    )

    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            content = await moving.taken()
            await moving.lost()
            with pytest.raises(Unreadable, match=r"position 1 .*'reservation\.teleported\.v7'.*run the release that wrote it"):
                await moving.brought(content)
            assert not exists(ledger.url, ledger.code)

    asyncio.run(run())


def test_a_ledger_that_is_not_empty_stays_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            async with ledger.receptions() as (reception,):
                await reception.ask(hold_stay())
            content = await moving.taken()
            with pytest.raises(BadConfiguration, match=rf"the ledger of {ledger.code} is not empty, it ends at position 5"):
                await moving.brought(content)
            assert await moving.taken() == content

    asyncio.run(run())


def test_another_property_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            content = await moving.taken()
            await moving.lost()
            with pytest.raises(BadConfiguration, match=f"the file holds the property {ledger.code}, not galle"):
                await moving.brought(content, "galle")
            await moving.brought(content, ledger.code)

    asyncio.run(run())
