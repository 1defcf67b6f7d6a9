"""Who is served when: promised work first, a share for guests, a limit for both, and nobody who has gone."""

from __future__ import annotations

import asyncio

import pytest

from ledger import waiting
from ledger.command import Urgency
from ledger.refusal import Unavailable
from tests.unit.ledger.desks import Desk, names, note, queue


@pytest.mark.parametrize(
    ("promised", "guests", "batches"),
    [
        (0, 1, ["g0"]),
        (0, 9, ["g0 g1 g2 g3 g4 g5 g6 g7", "g8"]),
        (9, 0, ["p0 p1 p2 p3 p4 p5 p6 p7", "p8"]),
        (3, 3, ["p0 p1 p2 g0 g1 g2"]),
        (1, 9, ["p0 g0 g1 g2 g3 g4 g5 g6", "g7 g8"]),
        (9, 1, ["p0 p1 p2 p3 p4 p5 p6 g0", "p7 p8"]),
        (9, 2, ["p0 p1 p2 p3 p4 p5 g0 g1", "p6 p7 p8"]),
        (14, 3, ["p0 p1 p2 p3 p4 p5 g0 g1", "p6 p7 p8 p9 p10 p11 p12 g2", "p13"]),
    ],
)
def test_promised_work_goes_first_and_leaves_guests_their_share(
    promised: int, guests: int, batches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LARGEST_BATCH", 8)
    monkeypatch.setattr(waiting, "GUESTS_SHARE", 2)
    desk = Desk()
    assert all(outcome.accepted for outcome in desk.asks(*queue(promised, guests)))
    assert [" ".join(batch) for batch in desk.log.batches] == batches
    assert desk.writer.queued == 0


@pytest.mark.parametrize(
    ("urgency", "asked", "turned_away"),
    [(Urgency.GUEST, 2, 0), (Urgency.GUEST, 3, 1), (Urgency.PROMISED, 5, 0), (Urgency.PROMISED, 6, 1)],
)
def test_the_last_places_of_the_queue_are_for_promised_work(
    urgency: Urgency, asked: int, turned_away: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_QUEUE", 5)
    monkeypatch.setattr(waiting, "KEPT_FOR_PROMISED", 3)
    desk = Desk()
    results = desk.asks(*[note(name, urgency) for name in names("c", asked)])
    away = [result for result in results if isinstance(result, Unavailable)]
    assert len(away) == turned_away
    assert all(str(result).startswith(f"{asked - 1} commands wait") for result in away)
    assert len(desk.log.rows) == asked - turned_away


def test_whoever_has_gone_is_left_out() -> None:
    desk = Desk()

    async def run() -> None:
        tasks = [asyncio.create_task(desk.writer.submit(note(name))) for name in names("c", 3)]
        await asyncio.sleep(0)
        assert desk.writer.queued == 3
        tasks[1].cancel()
        await asyncio.wait(tasks)
        assert tasks[1].cancelled()

    asyncio.run(run())
    assert desk.log.batches == [["c0", "c2"]]


def test_the_place_of_a_guest_who_has_gone_is_for_promised_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LARGEST_BATCH", 3)
    monkeypatch.setattr(waiting, "GUESTS_SHARE", 1)
    desk = Desk()

    async def run() -> None:
        tasks = [asyncio.create_task(desk.writer.submit(each)) for each in queue(3, 1)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.wait(tasks)

    asyncio.run(run())
    assert desk.log.batches == [["p0", "p1", "p2"]]
