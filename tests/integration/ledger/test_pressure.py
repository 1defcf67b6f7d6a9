"""The writer under too much, too slow, too strange: who is served first, who is sent away, and what nobody notices."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from commands.define_property import DefineProperty
from commands.dispatch import HANDLERS
from commands.expire_hold import ExpireHold
from ledger import batch, waiting, writer
from ledger.clock import Clock
from ledger.command import Command, Decision, Envelope, Handler, Known, Outcome, Urgency
from ledger.log import Connection, Log, Row
from ledger.refusal import Unavailable
from ledger.writer import Writer
from tests.examples import HOTEL, NOW, TARIFF, hold_stay, named
from tests.integration.ledger.ledgers import Ledger
from tests.reception import CATALOGUE, OPEN, Reception, envelope

GUESTS, PROMISED = 40, 300
VILLA = hold_stay(room_type="villa", adults=3)


class Notes:
    """A gauge that remembers what it was told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.conflicts = 0
        self.longest_queue = 0

    def batch(
        self, commands: int, seconds: float, conflicts: int, *, commit_seconds: float, queued: int, longest_wait: float
    ) -> None:
        assert 0 <= commit_seconds <= seconds
        assert longest_wait >= 0
        self.sizes.append(commands)
        self.conflicts += conflicts
        self.longest_queue = max(self.longest_queue, queued)


@asynccontextmanager
async def desk(
    ledger: Ledger, notes: Notes | None = None, machine: Clock | None = None, log: type[Log] = Log, url: str = ""
) -> AsyncIterator[Writer]:
    """Give a writer with a pool of its own, as a process has."""
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url or ledger.url, min_size=1, max_size=3, open=False, num_workers=1,
        kwargs={"autocommit": True, "options": "-c lock_timeout=20s"},
    )  # fmt: skip
    await pool.open()
    try:
        yield Writer(log(ledger.code), pool, CATALOGUE, HANDLERS, notes, machine)
    finally:
        await pool.close()


@asynccontextmanager
async def stalled(ledger: Ledger) -> AsyncIterator[None]:
    """Let somebody sit on the ledger's lock while the block runs."""
    async with ledger.connection(autocommit=False) as other:
        await ledger.log.lock(other)
        yield


async def waits_for_the_lock(ledger: Ledger) -> None:
    """Wait until the writer has taken what is there and waits for somebody who sits on the ledger's lock."""
    async with ledger.connection() as watcher:
        while True:
            row = await (await watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")).fetchone()
            if row != (0,):
                return
            await asyncio.sleep(0.02)


def promised(number: int) -> Envelope:
    """Give the work of a saga: the end of a hold that there never was, which is refused and recorded."""
    return replace(envelope(ExpireHold(reservation_id=named(f"nobody {number}"))), urgency=Urgency.PROMISED)


def guest(number: int) -> Envelope:
    return envelope(hold_stay(), command_id=named(f"guest {number}"))


async def answered_in(notes: Notes, writer: Writer, envelopes: Sequence[Envelope]) -> list[int]:
    """Submit all at the same moment. Give for each in which batch it was answered, from 1."""

    async def one(each: Envelope) -> int:
        await writer.submit(each)
        return len(notes.sizes)

    return await asyncio.gather(*[one(each) for each in envelopes])


def test_guests_are_served_although_promised_work_never_ends(ledger: Ledger) -> None:
    async def run() -> list[int]:
        notes = Notes()
        async with desk(ledger, notes) as writer:
            await writer.submit(envelope(OPEN))
            notes.sizes.clear()
            both = [promised(number) for number in range(PROMISED)] + [guest(number) for number in range(GUESTS)]
            return (await answered_in(notes, writer, both))[PROMISED:]

    batches = asyncio.run(run())
    latest = [place // waiting.GUESTS_SHARE + 1 for place in range(GUESTS)]
    print(f"{GUESTS} guests behind {PROMISED} promised commands were answered in batches {sorted(Counter(batches).items())}")
    assert all(batch <= last for batch, last in zip(batches, latest, strict=True)), (batches, latest)


def test_promised_work_overtakes_guests_who_wait(ledger: Ledger) -> None:
    async def run() -> list[int]:
        notes = Notes()
        async with desk(ledger, notes) as writer:
            await writer.submit(envelope(OPEN))
            notes.sizes.clear()
            both = [guest(number) for number in range(200)] + [promised(number) for number in range(10)]
            return (await answered_in(notes, writer, both))[200:]

    assert asyncio.run(run()) == [1] * 10


def test_the_queue_has_an_end_and_its_last_places_are_for_promised_work(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_QUEUE", 20)
    monkeypatch.setattr(waiting, "KEPT_FOR_PROMISED", 5)

    async def run() -> tuple[list[int], Counter[str], list[Outcome]]:
        async with desk(ledger) as writer:
            await writer.submit(envelope(OPEN))
            lengths, asking = [], []
            async with stalled(ledger):
                asking.append(asyncio.create_task(writer.submit(guest(1000))))
                await waits_for_the_lock(ledger)
                for crowd in ([guest(number) for number in range(30)], [promised(number) for number in range(30)]):
                    asking += [asyncio.create_task(writer.submit(each)) for each in crowd]
                    await asyncio.sleep(0.1)
                    lengths.append(writer.queued)
            told = await asyncio.gather(*asking, return_exceptions=True)
        away = Counter(str(each) for each in told if isinstance(each, Unavailable) and each.retry_after > 0)
        return lengths, away, [each for each in told if isinstance(each, Outcome)]

    lengths, away, served = asyncio.run(run())
    assert lengths == [15, 20]
    assert away == {f"{length} commands wait already: try again in a moment": times for length, times in ((15, 15), (20, 25))}
    assert len(served) == 21


def test_nobody_waits_longer_than_was_said_and_late_commits_are_found_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST_WAIT_SECONDS", 0.5)
    many = [guest(number) for number in range(10 * waiting.LARGEST_BATCH)]

    async def run() -> tuple[float, list[BaseException | Outcome], list[Outcome]]:
        async with desk(ledger) as desk_writer:
            await desk_writer.submit(envelope(OPEN))
            async with stalled(ledger):
                began = time.monotonic()
                first = await asyncio.gather(*[desk_writer.submit(each) for each in many], return_exceptions=True)
                waited = time.monotonic() - began
            monkeypatch.setattr(writer, "LONGEST_WAIT_SECONDS", 30.0)
            return waited, list(first), await asyncio.gather(*[desk_writer.submit(each) for each in many])

    waited, first, second = asyncio.run(run())
    print(f"{len(many)} callers of a stalled ledger were answered after {waited:.2f} s")
    assert waited < 2.0
    assert {type(each) for each in first} == {Unavailable}
    assert all("send the same request again" in str(each) for each in first)
    assert Counter(outcome.code for outcome in second) == {"": 3, "sold_out": len(many) - 3}
    held = [row for row in asyncio.run(ledger.rows()) if row.topic == "reservation.held.v1"]
    assert len(held) == len({row.command_id for row in held}) == 3


class Broken(Command):
    """A command whose handler has a bug."""


def _bug(envelope: Envelope, known: Known, now: datetime) -> Decision:
    message = "a bug"
    raise ZeroDivisionError(message)


def test_a_loser_a_bug_and_a_monster_hurt_nobody_beside_them(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[str]:
        async with ledger.receptions(1) as (first,):
            held = await first.ask(VILLA)
            size = _bytes_of(await ledger.rows(), held)
        monkeypatch.setattr(batch, "LARGEST_COMMAND_BYTES", size + 500)
        async with ledger.receptions(1) as (opened,):
            reception = Reception(opened.writer._log, opened.writer._pool, {**HANDLERS, Broken: Handler(lambda *_: (), _bug)})
            asked = (VILLA, hold_stay(), Broken(), hold_stay(rooms=2), hold_stay(), VILLA)
            told = await asyncio.gather(*[reception.ask(each) for each in asked], return_exceptions=True)
        return [each.code or "held" if isinstance(each, Outcome) else type(each).__name__ for each in told]

    assert asyncio.run(run()) == ["sold_out", "held", "ZeroDivisionError", "command.too_large", "held", "sold_out"]


@pytest.mark.parametrize(("room", "code"), [(-1, "command.too_large"), (0, ""), (1, "")])
def test_the_largest_command_fits_and_a_larger_one_writes_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, room: int, code: str
) -> None:
    async def run() -> tuple[Outcome, int, int]:
        async with ledger.receptions(1) as (reception,):
            held = await reception.ask(VILLA)
            size = _bytes_of(await ledger.rows(), held)
            monkeypatch.setattr(batch, "LARGEST_COMMAND_BYTES", size + room)
            arrival, departure = VILLA.departure, VILLA.departure + timedelta(days=2)
            later = hold_stay(room_type="villa", adults=3, arrival=arrival, departure=departure)
            before = len(await ledger.rows())
            return await reception.ask(later), len(await ledger.rows()) - before, size

    outcome, written, size = asyncio.run(run())
    assert (outcome.code, written) == (code, 0 if code else 3)
    if code:
        assert outcome.details == {"bytes": size, "limit_bytes": size - 1}
        assert f"{size - 1:,}" in outcome.message


def _bytes_of(rows: Sequence[Row], held: Outcome) -> int:
    return sum(len(row.payload) for row in rows[held.position - 3 : held.position])


class Moved(Clock):
    """The clock of a machine that is set wrongly."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


@pytest.mark.parametrize(("seconds", "serves"), [(-1e9, True), (-1, True), (0, True), (290, True), (310, False), (1e9, False)])
def test_a_machine_whose_clock_is_ahead_of_the_ledger_s_writes_nothing(ledger: Ledger, seconds: float, serves: bool) -> None:
    async def run() -> None:
        async with desk(ledger, machine=Moved(seconds)) as writer:
            await writer.submit(envelope(OPEN))

    if serves:
        asyncio.run(run())
        return
    with pytest.raises(Unavailable, match=r"clock is .* s ahead of the ledger's: set it right"):
        asyncio.run(run())
    assert asyncio.run(ledger.rows()) == []


def test_an_absurd_moment_on_a_command_poisons_no_later_decision(ledger: Ledger) -> None:
    """`now` of a decision is never before the last recorded event; what a command says of its own moment is its own affair."""

    async def run() -> list[str]:
        async with ledger.receptions(1) as (reception,):
            told = await asyncio.gather(
                reception.ask(hold_stay(), at=datetime.max.replace(tzinfo=UTC)),
                reception.ask(hold_stay(), at=datetime(1, 1, 1, tzinfo=UTC)),
                reception.ask(VILLA, at=NOW),
                return_exceptions=True,
            )
            assert isinstance(told[0], OverflowError | Outcome)
            again = await reception.ask(VILLA, at=NOW + timedelta(seconds=1))
            later = await reception.ask(VILLA, at=NOW + timedelta(seconds=901))
        return [outcome.code for outcome in (*told[1:], again, later) if isinstance(outcome, Outcome)]

    assert asyncio.run(run()) == ["dates.too_far", "", "sold_out", ""]
    assert all(row.recorded_at.year < 2100 for row in asyncio.run(ledger.rows()))


class Unguarded(Log):
    """A log whose second try does not hold the ledger's lock while it reads."""

    async def lock(self, connection: Connection) -> None:
        await connection.execute("SELECT 'nothing is locked'")


def redefinitions(name: str) -> Sequence[DefineProperty]:
    """Give commands that all change one stream."""
    hotels = [replace(HOTEL, tagline=f"{name} {number}") for number in range(25)]
    return [DefineProperty(definition=msgspec.to_builtins(hotel), tariff=msgspec.to_builtins(TARIFF)) for hotel in hotels]


async def on_one_stream(ledger: Ledger, log: type[Log]) -> tuple[Counter[str], int]:
    """Let three processes change one stream as fast as they can: what they were answered, and how often they met."""
    notes = Notes()

    async def process(name: str, writer: Writer) -> Counter[str]:
        told: Counter[str] = Counter()
        for command in redefinitions(name):
            try:
                told[(await writer.submit(envelope(command))).code] += 1
            except Exception as failure:  # noqa: BLE001 - the control fails in its own ways
                told[type(failure).__name__] += 1
        return told

    async with desk(ledger, notes, log=log) as one, desk(ledger, notes, log=log) as two, desk(ledger, notes, log=log) as three:
        told = await asyncio.gather(*[process(name, each) for name, each in (("one", one), ("two", two), ("three", three))])
    return sum(told, Counter()), notes.conflicts


def test_several_processes_on_one_stream_cost_only_second_tries(ledger: Ledger) -> None:
    told, conflicts = asyncio.run(on_one_stream(ledger, Log))
    print(f"75 changes of one stream by three processes: {conflicts} second tries")
    assert told == {"": 75}
    assert conflicts > 0


def test_control_without_the_lock_a_second_try_may_lose_again(ledger: Ledger) -> None:
    told = Counter[str]()
    for number in count(1):
        outcomes, _ = asyncio.run(on_one_stream(ledger, Unguarded))
        told += outcomes
        if told["Conflict"] or number == 4:
            break
    print(f"without the lock: {dict(told)}")
    assert told["Conflict"] > 0
