"""The writer beside its decisions: what is decided ahead, what a fault costs whom, when it looks at clocks, what it reports.

On a log in memory that is told what to do; the faults of a real PostgreSQL are in `integration/ledger`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from ledger import waiting
from ledger import writer as module
from ledger.log import Conflict
from ledger.refusal import Unavailable
from ledger.writer import FARTHEST_AHEAD_SECONDS, PATIENCE_SECONDS, Trouble, Writer
from tests.examples import NOW, minutes
from tests.memory_log import MemoryPool
from tests.reception import CATALOGUE
from tests.unit.ledger.desks import HANDLERS, Desk, Machine, Told, names, note, queue


def test_whoever_goes_while_a_batch_is_written_does_not_disturb_the_others() -> None:
    desk = Desk()
    desk.log.seconds = 0.01

    async def run() -> list[Any]:
        tasks = [asyncio.create_task(desk.writer.submit(note(name))) for name in names("c", 3)]
        await asyncio.sleep(0.005)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        return [await tasks[0], await tasks[2]]

    assert [(outcome.position, outcome.again) for outcome in asyncio.run(run())] == [(1, False), (3, False)]


def test_a_connection_is_kept_for_who_comes_soon_and_given_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(pause: float) -> int:
        desk = Desk()
        assert (await desk.ask(note("first")))[0].accepted
        await asyncio.sleep(pause)
        assert (await desk.ask(note("second")))[0].accepted
        return desk.pool.borrowed

    monkeypatch.setattr(module, "LINGER_SECONDS", 5.0)
    assert asyncio.run(run(0.01)) == 1
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.01)
    assert asyncio.run(run(0.2)) == 2


# —— Deciding ahead ——————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands a batch, and the next is decided ahead as soon as two wait."""
    monkeypatch.setattr(waiting, "LARGEST_BATCH", 2)
    monkeypatch.setattr(module, "ENOUGH_TO_DECIDE_AHEAD", 2)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(("most", "then"), [(9, "read"), (1, "appended")])
def test_while_one_commits_the_next_is_decided_when_a_second_connection_is_free(most: int, then: str) -> None:
    desk = Desk()
    desk.pool.most = most
    desk.log.seconds = 0.001
    outcomes = desk.asks(*queue(0, 6))
    assert [outcome.position for outcome in outcomes] == [1, 2, 3, 4, 5, 6]
    assert desk.log.batches == [["g0", "g1"], ["g2", "g3"], ["g4", "g5"]]
    assert desk.log.asked[:3] == ["read", "append", then]
    assert sorted(desk.log.asked) == ["append"] * 3 + ["appended"] * 3 + ["read"] * 3
    assert desk.pool.lent == 0


@pytest.mark.usefixtures("small_batches")
def test_a_batch_waits_for_its_connection_and_hardly_for_a_second_one() -> None:
    desk = Desk()
    desk.asks(*queue(0, 6))
    assert desk.pool.patience == [2, 0.05]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(("waiting_behind", "borrowed"), [(1, 1), (2, 2), (3, 2)])
def test_a_second_connection_is_borrowed_only_for_enough_commands(waiting_behind: int, borrowed: int) -> None:
    desk = Desk()
    assert all(outcome.accepted for outcome in desk.asks(*queue(0, 2 + waiting_behind)))
    assert desk.pool.borrowed == borrowed


FAULTS: list[Exception] = [Conflict(), psycopg.OperationalError("gone")]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_what_was_decided_ahead_of_a_fault_is_decided_again(fault: Exception, before: int) -> None:
    desk = Desk()
    desk.log.faults = [None] * before + [fault]
    outcomes = desk.asks(*queue(0, 6))
    assert [outcome.position for outcome in outcomes] == [1, 2, 3, 4, 5, 6]
    assert [(row.position, row.version) for row in desk.log.rows] == [(number, number) for number in range(1, 7)]
    assert [name for batch in desk.log.batches for name in batch] == names("g", 6)


@pytest.mark.usefixtures("small_batches")
def test_a_fault_fails_those_who_were_taken_and_nobody_else() -> None:
    desk = Desk()
    desk.log.faults = [psycopg.errors.LockNotAvailable()]
    *busy, fifth, sixth = desk.asks(*queue(0, 6))
    assert [type(result) for result in busy] == [Unavailable] * 4
    assert [(fifth.position, sixth.position)] == [(1, 2)]


@pytest.mark.usefixtures("small_batches")
def test_a_clock_that_goes_wrong_meanwhile_fails_only_who_was_decided_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0)
    desk = Desk()
    desk.machine.ahead_at_look = {2: 301.0}
    first, second, third, fourth = desk.asks(*queue(0, 4))
    assert (first.position, second.position) == (1, 2)
    assert [(type(result), result.retry_after) for result in (third, fourth)] == [(Unavailable, 60)] * 2
    assert len(desk.log.rows) == 2


# —— Clocks ——————————————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize(
    ("ahead", "written"),
    [(-(10**6), True), (0, True), (FARTHEST_AHEAD_SECONDS, True), (FARTHEST_AHEAD_SECONDS + 0.001, False)],
)
def test_a_machine_that_is_ahead_of_the_ledger_writes_nothing(ahead: float, written: bool) -> None:
    desk = Desk()
    desk.machine.ahead = ahead
    result = desk.asks(note("c"))[0]
    assert len(desk.log.rows) == int(written)
    if not written:
        assert isinstance(result, Unavailable)
        assert result.retry_after == 60
        desk.machine.ahead = 0
        assert desk.asks(note("d"))[0].accepted


def test_clocks_are_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()

    async def run() -> list[int]:
        looks = []
        for name in names("c", 3):
            await desk.ask(note(name))
            looks.append(desk.log.looks)
        return looks

    assert asyncio.run(run()) == [1, 1, 1]
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0)
    assert asyncio.run(desk.ask(note("later")))[0].accepted
    assert desk.log.looks == 2


@pytest.mark.parametrize(
    ("recorded_at", "now"), [(None, NOW), (minutes(-1), NOW), (minutes(1), minutes(1)), (minutes(10**6), minutes(10**6))]
)
def test_a_decision_is_never_taken_before_the_last_event(recorded_at: datetime | None, now: datetime) -> None:
    desk = Desk()
    desk.log.recorded_at = recorded_at
    assert desk.asks(note("c"))[0].answer == {"now": now.isoformat().replace("+00:00", "Z")}


@pytest.mark.parametrize(("others", "after"), [(1, 1), (3, 1), (4, 5), (10, 11)])
def test_far_behind_the_others_it_starts_afresh_at_the_head(others: int, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FARTHEST_BEHIND", 3)
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0)
    desk = Desk()
    other = Desk(desk.log)

    async def run() -> int:
        await desk.ask(note("mine"))
        await other.ask(note("other", events=others))
        desk.log.read_after.clear()
        assert (await desk.ask(note("again")))[0].position == others + 2
        return desk.log.read_after[0]

    assert asyncio.run(run()) == after


def test_the_first_reading_begins_at_the_head() -> None:
    desk = Desk()
    desk.asks(note("mine", events=5))
    other = Desk(desk.log)
    assert other.asks(note("other"))[0].position == 6
    assert desk.log.read_after == [0, 5]


# —— Faults ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_busy_ledger_is_told_at_once_and_the_next_ones_are_served() -> None:
    desk = Desk()
    desk.log.faults = [psycopg.errors.LockNotAvailable()]

    async def run() -> list[Any]:
        return [*await desk.ask(note("a"), note("b")), *await desk.ask(note("c"))]

    *busy, served = asyncio.run(run())
    assert [(type(result), result.retry_after) for result in busy] == [(Unavailable, 2)] * 2
    assert served.position == 1


LOST = [psycopg.OperationalError("gone"), psycopg.errors.IdleInTransactionSessionTimeout(), PoolTimeout("none left")]


@pytest.mark.parametrize(
    "first", [psycopg.errors.LockNotAvailable(), ZeroDivisionError()], ids=lambda fault: type(fault).__name__
)
def test_after_a_fault_that_was_told_another_is_met_with_new_patience(first: Exception) -> None:
    desk = Desk()

    async def run() -> Any:
        desk.log.faults = [first]
        await desk.ask(note("a"))
        desk.log.faults = [psycopg.OperationalError("gone")]
        return (await desk.ask(note("b")))[0]

    assert asyncio.run(run()).position == 1


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: type(fault).__name__)
def test_a_lost_connection_is_tried_again_from_the_head(fault: Exception) -> None:
    desk = Desk()

    async def run() -> Any:
        await desk.ask(note("before", events=3))
        desk.log.faults = [fault]
        desk.log.read_after.clear()
        return (await desk.ask(note("c")))[0]

    outcome = asyncio.run(run())
    assert outcome.position == 4
    assert desk.log.read_after == [3, 3]
    assert desk.log.looks == 2


def test_without_any_connection_callers_are_told_what_is_not_known_and_later_ones_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    desk = Desk()
    desk.pool.fault = PoolTimeout("none left")

    async def run() -> list[Any]:
        async with asyncio.timeout(5):  # long before they would give up by themselves
            away = await desk.ask(note("a"), note("b"))
        desk.pool.fault = None
        return [*away, *await desk.ask(note("c"))]

    *away, served = asyncio.run(run())
    assert [(type(result), result.retry_after) for result in away] == [(Unavailable, 5)] * 2
    assert "not known" in str(away[0])
    assert desk.pool.borrowed > 2
    assert served.position == 1


def test_a_bug_in_writing_is_everybodys_and_what_was_folded_is_forgotten() -> None:
    desk = Desk()

    async def run() -> list[Any]:
        await desk.ask(note("before", events=3))
        desk.log.faults = [ZeroDivisionError()]
        desk.log.read_after.clear()
        return [*await desk.ask(note("a"), note("b")), *await desk.ask(note("c"))]

    first, second, served = asyncio.run(run())
    assert (type(first), type(second)) == (ZeroDivisionError, ZeroDivisionError)
    assert served.position == 4
    assert desk.log.looks == 2, "it must start at the head again"


def test_the_second_try_reads_under_the_lock() -> None:
    desk = Desk()
    desk.log.faults = [Conflict()]
    assert desk.asks(note("c"))[0].position == 1
    assert desk.log.asked == ["read", "append", "lock", "read", "append", "appended"]


def test_an_answer_that_takes_too_long_is_not_known_and_can_be_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.02)
    desk = Desk()
    desk.log.seconds = 0.1

    async def run() -> tuple[Any, Any]:
        late = (await desk.ask(note("c")))[0]
        await asyncio.sleep(0.2)
        return late, (await desk.ask(note("c")))[0]

    late, again = asyncio.run(run())
    assert (type(late), late.retry_after) == (Unavailable, 5)
    assert "not known" in str(late)
    assert (again.accepted, again.again, again.position) == (True, True, 1)


def test_a_time_out_of_somebody_else_is_not_taken_for_our_own() -> None:
    desk = Desk()
    desk.log.faults = [TimeoutError("of the log")]
    result = desk.asks(note("c"))[0]
    assert type(result) is TimeoutError
    assert str(result) == "of the log"


def test_the_pauses_between_tries_double_up_to_a_second_while_patience_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 1_000 + sum(slept)))
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
    trouble = Trouble()

    async def run() -> None:
        while await trouble.pause():
            pass

    asyncio.run(run())
    assert PATIENCE_SECONDS == 8
    assert slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1, 1, 1, 1, 1, 1]


# —— What it reports and keeps ———————————————————————————————————————————————————————————————————————————————————————


def test_each_batch_is_reported_with_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock ticks once a look: two callers, start, look at the clocks, before and after the append, report."""
    ticks = iter(range(1, 1_000))
    for place in (module, waiting):
        monkeypatch.setattr(place, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    desk = Desk()
    desk.asks(note("a"), note("b"))
    assert desk.gauged == [(2, 7 - 3, 0, {"commit_seconds": 6 - 5, "queued": 0, "longest_wait": 3 - 1})]


def test_a_conflict_and_who_still_waits_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LARGEST_BATCH", 2)
    desk = Desk()
    desk.log.faults = [Conflict()]
    desk.asks(*queue(0, 5))
    assert all(more["commit_seconds"] >= 0 for *_, more in desk.gauged)
    assert [(commands, conflicts, more["queued"]) for commands, _, conflicts, more in desk.gauged] == [
        (2, 1, 3), (2, 0, 1), (1, 0, 0),
    ]  # fmt: skip


def test_a_batch_that_only_repeats_answers_takes_no_time_to_commit() -> None:
    desk = Desk()

    async def run() -> list[Any]:
        return [*await desk.ask(note("a")), *await desk.ask(note("a"))]

    assert [outcome.position for outcome in asyncio.run(run())] == [1, 1]
    assert desk.gauged[1][3]["commit_seconds"] == 0
    assert desk.log.asked.count("append") == 1


def test_nobody_has_to_listen_to_the_reports() -> None:
    log = Told()
    deaf = Writer(log, MemoryPool.of(log), CATALOGUE, HANDLERS, machine=Machine())
    assert asyncio.run(deaf.submit(note("c"))).accepted


def test_streams_beyond_the_limit_are_forgotten_after_each_batch() -> None:
    desk = Desk()
    desk.writer._folded._most_kept = 0
    desk.asks(note("c"))
    assert list(desk.writer._folded.streams) == []
