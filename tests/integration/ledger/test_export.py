"""A log leaves its server and comes back the same: every byte of the file, every position, every recorded answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from pyarrow import parquet  # type: ignore[import-untyped]  # it comes without types

from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from ledger.command import Command, Outcome
from ledger.ids import made_by
from ledger.log import Batch, Row
from ledger.schema import schema_name
from ledger.seal_key import SealKey
from ledger.sealer import Sealer
from ledger.unreadable import UnknownTopic
from ops import export as exporting
from ops.export import BrokenLog, span
from ops.export_parquet import SCHEMA, export_parquet
from ops.import_file import BadExport
from ops.settings import BadConfiguration
from tests.examples import NOW, SEALED, hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.moving import mover

Asked = list[tuple[Command, UUID, Outcome]]
VILLA = hold_stay(room_type="villa")
numbers = count(1)


async def season(ledger: Ledger) -> Asked:
    """Let some things be asked, most accepted, one refused; give each with its id and outcome."""
    first, second = uuid4(), uuid4()
    booking = made_by(first, "reservation")
    wanted: list[tuple[Command, UUID]] = [
        (VILLA, first),
        (VILLA, second),
        (hold_stay(), uuid4()),
        (ConfirmReservation(reservation_id=booking), uuid4()),
        (CancelReservation(reservation_id=booking, reason="illness"), uuid4()),
    ]
    async with ledger.receptions() as (reception,):
        return [(command, each, await reception.ask(command, command_id=each)) for command, each in wanted]


async def asked_again(ledger: Ledger, asked: Asked) -> list[object]:
    async with ledger.receptions() as (reception,):
        return [said(await reception.ask(command, command_id=each)) for command, each, _ in asked]


def said(outcome: Outcome) -> object:
    """Give what the caller is told."""
    return outcome.accepted, outcome.position, outcome.answer, outcome.code, outcome.message, outcome.details


def test_there_and_back_every_byte_is_the_same(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)

    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            asked = await season(ledger)
            before, content = await ledger.rows(), await moving.taken()
            await moving.lost()
            done = await moving.brought(content)
            assert (done.last_position, done.events, done.outcomes) == (len(before), len(before), len(asked) + 1)
            assert await ledger.rows() == before
            assert await moving.taken() == content

    asyncio.run(run())


def test_answers_survive_the_move(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            asked = await season(ledger)
            assert sorted(outcome.accepted for *_, outcome in asked) == [False, True, True, True, True]
            content = await moving.taken()
            await moving.lost()
            await moving.brought(content)
            head = len(await ledger.rows())
            assert await asked_again(ledger, asked) == [said(outcome) for *_, outcome in asked]
            async with ledger.receptions() as (reception,):
                other = await reception.ask(hold_stay(adults=1), command_id=asked[0][1])
                fresh = await reception.ask(VILLA)
            assert other.code == "command.id_reused"
            assert fresh.accepted
            assert (await ledger.rows())[head].position == head + 1

    asyncio.run(run())


async def write(ledger: Ledger, commands: Sequence[Sequence[bytes]]) -> None:
    """Append commands of bare events with these payloads, one a stream."""
    async with ledger.connection() as connection:
        for payloads in commands:
            batch = Batch()
            batch.commands.append((uuid4(), len(payloads), NOW, None, None, "Zoë\t\u2028", None))
            batch.outcomes.append((bytes(16), len(payloads), payloads[0] if payloads else b""))
            batch.events += [(uuid4(), 1, "odd.v1", payload, 1, index) for index, payload in enumerate(payloads)]
            await ledger.log.append(connection, batch)


@settings(max_examples=12)
@given(st.lists(st.lists(st.binary(max_size=30) | st.text(max_size=9).map(str.encode), max_size=3), max_size=4))
def test_odd_bytes_go_there_and_back(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, odd: list[list[bytes]]
) -> None:
    ledger = Ledger(database_url, f"odd_{uuid4().hex[:12]}_{next(numbers)}")
    ledger.create()

    async def run() -> None:
        async with mover(ledger, tmp_path_factory.mktemp("odd")) as moving:
            await write(ledger, odd)
            before, content = await ledger.rows(), await moving.taken()
            await moving.lost()
            await moving.brought(content, readable=lambda _: None)
            assert [row.payload for row in await ledger.rows()] == [row.payload for row in before]
            assert await moving.taken() == content

    try:
        asyncio.run(run())
    finally:
        ledger.drop()


def test_until_never_cuts_a_command_in_half(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            rows = await ledger.rows()
            ends = [row.position for row in rows if row.command_index + 1 == row.command_count]
            for until in range(len(rows) + 1):
                last = max([end for end in ends if end <= until], default=0)
                lines = [json.loads(line) for line in (await moving.taken(until=until)).splitlines()]
                assert lines[0]["last_position"] == last
                assert [line["position"] for line in lines if line["kind"] == "event"] == [*range(1, last + 1)]
                assert all(line["position"] <= last for line in lines if line["kind"] == "outcome")
            with pytest.raises(BadConfiguration, match=f"its last position is {len(rows)}"):
                await moving.taken(until=len(rows) + 1)
            part = await moving.taken(until=ends[1] + 1)
            await moving.lost()
            assert (await moving.brought(part)).last_position == ends[1]
            assert await moving.taken() == part

    asyncio.run(run())


async def tiles(ledger: Ledger) -> list[object]:
    """Give the kept hashes of the seal's tree."""
    async with ledger.connection() as connection:
        table = sql.Identifier(schema_name(ledger.code), "seal_tiles")
        found = await connection.execute(sql.SQL("SELECT * FROM {} ORDER BY level, number").format(table))
        return list(await found.fetchall())


def test_a_seal_of_another_log_is_not_taken_in(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            async with ledger.connection() as connection:
                assert await Sealer(ledger.code, SealKey(bytes(32))).seal(connection, NOW)
            ledger.damage("UPDATE {schema}.events SET actor = 'somebody' WHERE position = 4")
            content = await moving.taken()
            await moving.lost()
            with pytest.raises(BadExport, match="the events do not give the root of seal 1: the log was changed before"):
                await moving.brought(content)

    asyncio.run(run())


def test_the_seal_goes_along_and_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    key = SealKey(bytes(32))

    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            async with ledger.connection() as connection:
                assert await Sealer(ledger.code, key).seal(connection, NOW, 5)
                assert await Sealer(ledger.code, key).seal(connection, NOW)
            content, tree = await moving.taken(), await tiles(ledger)
            await moving.lost()
            assert (await moving.brought(content)).seals == 2
            assert await moving.taken() == content
            assert await tiles(ledger) == tree != []
            async with ledger.receptions() as (reception,):
                await reception.ask(VILLA)
            async with ledger.connection() as connection:
                block = await Sealer(ledger.code, key).seal(connection, NOW)
            assert block is not None
            assert block.block.number == 3

    asyncio.run(run())


def test_a_log_with_a_hole_is_not_exported(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            for hole in ("= 3", "IN (4, 5)", "< 6"):
                ledger.damage(f"DELETE FROM {{schema}}.events WHERE position {hole}")  # noqa: S608 - a constant
                with pytest.raises(BrokenLog, match=r"position [13] is missing from the log of .*nightledger verify"):
                    await moving.taken()

    asyncio.run(run())


def test_what_cannot_be_read_is_exported_but_not_decoded(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await write(ledger, [[b"{}"], [b"{}", b"{}"]])
            assert (await moving.taken()).count(b'"kind":"event"') == 3
            with pytest.raises(UnknownTopic, match=r"position 1 cannot be read: topic 'odd\.v1' is unknown"):
                await moving.taken(decoded=True)

    asyncio.run(run())


def test_decoded_lines_are_for_people(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            content = await moving.taken(decoded=True)
            events = [json.loads(line) for line in content.splitlines()[1:-1]]
            held = next(event for event in events if event.get("topic") == "reservation.held.v1")
            assert list(held["payload"]) == sorted(held["payload"])
            assert json.loads(content.splitlines()[0])["decoded"] is True
            await moving.lost()
            with pytest.raises(Exception, match="made with --decoded, for reading only"):
                await moving.brought(content)

    asyncio.run(run())


def test_parquet_reads_back_typed_and_without_personal_fields(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> list[Row]:
        async with mover(ledger, tmp_path) as moving:
            await season(ledger)
            with (tmp_path / "log.parquet").open("wb") as out:
                await export_parquet(moving.wiring, await span(moving.wiring, ledger.code, None), out, lambda *_: None)
            return await ledger.rows()

    rows = asyncio.run(run())
    file = parquet.ParquetFile(tmp_path / "log.parquet")
    assert file.schema_arrow.equals(SCHEMA)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    table = file.read().to_pylist()
    assert [(each["position"], each["topic"], each["recorded_at"]) for each in table] == [
        (row.position, row.topic, row.recorded_at) for row in rows
    ]
    held = next(each for each in table if each["topic"] == "reservation.held.v1")
    payload = json.loads(held["payload"])
    assert payload["guest"] is None
    assert (held["aggregate"], held["room_nights"], held["currency"]) == ("Reservation", 2, "USD")
    assert held["amount_minor"] == payload["total"]["amount_minor"]
    assert (str(held["arrival"]), held["reservation_id"]) == (payload["stays"][0]["dates"]["arrival"], held["stream"])
    night = next(each for each in table if each["topic"] == "room-night.hold-requested.v1")
    assert (night["room"], night["reservation_id"]) == ("v1", held["reservation_id"])
    assert SEALED.box not in (tmp_path / "log.parquet").read_bytes()
