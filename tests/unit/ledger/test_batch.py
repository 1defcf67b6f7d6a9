"""Many commands in one batch: decided in order, each seeing the earlier ones, and none failing its neighbours.

The real writer on a log in memory; commands asked together wait together, so they are one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import HANDLERS
from commands.hold_stay import guest_stream
from commands.poke_payment import PokePayment
from commands.request_payment import RequestPayment
from ledger.command import Change, Command, Decision, Envelope, Handler, Known, Outcome
from ledger.event import Event
from ledger.refusal import Refusal, Unavailable
from ledger.waiting import KEPT_FOR_PROMISED, LONGEST_QUEUE
from tests.examples import CODE, hold_stay, minutes, named
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception, envelope

VILLA = hold_stay(room_type="villa", adults=3)


class Bench:
    """One log, one writer, and the batches that were asked of it."""

    def __init__(self, handlers: Mapping[type[Command], Handler] = HANDLERS) -> None:
        self.log = MemoryLog(CODE)
        self.reception = Reception.in_memory(self.log, handlers)

    def together(self, *asked: Envelope, first: tuple[Envelope, ...] = ()) -> list[Any]:
        """Open the hotel, ask `first` one by one, then all others at once. Give outcomes or what was raised."""

        async def run() -> list[Any]:
            await self.reception.ask(OPEN)
            for each in first:
                await self.reception.writer.submit(each)
            return await asyncio.gather(*map(self.reception.writer.submit, asked), return_exceptions=True)

        return asyncio.run(run())


def codes(results: list[Outcome]) -> list[str]:
    return [outcome.code or "accepted" for outcome in results]


def test_of_many_who_want_the_last_room_the_first_gets_it() -> None:
    bench = Bench()
    assert codes(bench.together(*[envelope(VILLA) for _ in range(20)])) == ["accepted", *["sold_out"] * 19]
    assert bench.log.conflicts == 0


def test_a_loser_does_not_fail_its_neighbours() -> None:
    results = Bench().together(envelope(VILLA), envelope(VILLA), envelope(hold_stay()), envelope(hold_stay(adults=9)))
    assert codes(results) == ["accepted", "sold_out", "accepted", "property.too_many_guests"]


def test_each_sees_what_the_earlier_ones_did() -> None:
    hold = envelope(VILLA, command_id=named("hold"), rooms=("v1",))
    reservation = guest_stream(named("hold"))
    confirm = envelope(ConfirmReservation(reservation_id=reservation))
    cancel = envelope(CancelReservation(reservation_id=reservation))
    assert codes(Bench().together(hold, confirm, cancel, envelope(VILLA, rooms=("v1",)))) == ["accepted"] * 4


def test_positions_say_how_far_each_command_reached() -> None:
    bench = Bench()
    results = bench.together(envelope(VILLA), envelope(VILLA), envelope(hold_stay()))
    assert [outcome.position for outcome in results] == [5, 5, 8]  # two of the opening; a hold of two nights is three
    assert len(bench.log.rows) == 8
    assert [(row.command_index, row.command_count) for row in bench.log.rows[2:]] == [(0, 3), (1, 3), (2, 3)] * 2


def test_twins_in_a_batch_get_one_answer() -> None:
    bench = Bench()
    twin = envelope(VILLA, command_id=named("twin"))
    later = envelope(VILLA, command_id=named("twin"), at=minutes(1))
    results = bench.together(twin, twin, later)
    assert [result.again for result in results] == [False, True, True]
    assert [replace(result, again=False) for result in results] == [results[0]] * 3
    assert results[0].accepted
    assert len(bench.log.rows) == 5


def test_a_twin_with_other_content_is_told_so() -> None:
    results = Bench().together(envelope(VILLA, command_id=named("twin")), envelope(hold_stay(), command_id=named("twin")))
    assert codes(results) == ["accepted", "command.id_reused"]
    assert results[1].details == {"field": "Idempotency-Key"}


def test_an_id_is_answered_again_also_when_it_was_refused_and_would_now_succeed() -> None:
    """The villa is free again when the loser asks a second time; it must send a new id for a new try."""
    bench = Bench()
    loser = envelope(VILLA, command_id=named("loser"))
    cancel = envelope(CancelReservation(reservation_id=guest_stream(named("winner"))))
    first = (envelope(VILLA, command_id=named("winner")), loser, cancel)
    again, anew = bench.together(loser, envelope(VILLA), first=first)
    assert (again.code, again.details) == ("sold_out", {"rooms_left": 0})
    assert anew.accepted


def test_an_id_used_for_other_content_before_is_refused_and_nothing_recorded() -> None:
    bench = Bench()
    first = (envelope(VILLA, command_id=named("id")),)
    reused = envelope(hold_stay(), command_id=named("id"))
    assert codes(bench.together(reused, envelope(VILLA, command_id=named("id")), first=first)) == [
        "command.id_reused",
        "accepted",
    ]
    assert len(bench.log.rows) == 5


def test_a_refusal_is_recorded_with_its_words() -> None:
    bench = Bench()
    outcome = bench.together(envelope(VILLA, command_id=named("loser")), first=(envelope(VILLA),))[0]
    again = asyncio.run(bench.log.read(None, 0, (), [named("loser")])).outcomes[named("loser")][1]  # type: ignore[arg-type]  # no connection is used
    assert again == outcome
    assert again.code == "sold_out"


# —— Faults of one ————————————————————————————————————————————————————————————————————————————————————————————————————


class Fault(Command):
    """A command whose handler has a bug."""


class Nowhere(Event, frozen=True):
    topic = "nowhere.gone.v1"


def no_reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return ()


def bad_reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    raise ZeroDivisionError


def no_decision(envelope: Envelope, known: Known, now: datetime) -> Decision:
    return Decision()


def crash(envelope: Envelope, known: Known, now: datetime) -> Decision:
    raise ZeroDivisionError


def unstorable_event(envelope: Envelope, known: Known, now: datetime) -> Decision:
    poked = Payment.Poked(reservation_id=named("r"), source="", vendor_event_id="", kind=object())  # type: ignore[arg-type]  # the bug
    fine = Payment.Poked(reservation_id=named("r"), source="", vendor_event_id="", kind="")
    return Decision(changes=[Change(named("payment"), fine), Change(named("payment"), poked)])


def unknown_event(envelope: Envelope, known: Known, now: datetime) -> Decision:
    return Decision(changes=[Change(named("payment"), Nowhere())])


def unstorable_answer(envelope: Envelope, known: Known, now: datetime) -> Decision:
    fine = Payment.Poked(reservation_id=named("r"), source="", vendor_event_id="", kind="")
    return Decision(changes=[Change(named("payment"), fine)], answer={"room": object()})


BUGS: dict[str, Handler] = {
    "reads raises": Handler(bad_reads, crash),
    "decide raises": Handler(no_reads, crash),
    "an event cannot be stored": Handler(no_reads, unstorable_event),
    "an event of no topic": Handler(no_reads, unknown_event),
    "an answer cannot be stored": Handler(no_reads, unstorable_answer),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_one_handler_is_its_own(bug: str) -> None:
    bench = Bench({**HANDLERS, Fault: BUGS[bug]})
    before, broken, after = bench.together(envelope(VILLA), envelope(Fault(), command_id=named("f")), envelope(hold_stay()))
    assert (before.accepted, after.accepted) == (True, True)
    assert isinstance(broken, Exception)
    assert not isinstance(broken, Refusal)
    assert len(bench.log.rows) == 8
    assert named("f") not in bench.log.outcomes, "an undecided failure must not be the answer for ever"


def test_an_unknown_command_is_its_own_fault() -> None:
    results = Bench().together(envelope(Fault()), envelope(VILLA))
    assert isinstance(results[0], KeyError)
    assert results[1].accepted


def test_an_id_of_another_kind_of_thing_is_its_askers_fault() -> None:
    hold = envelope(VILLA, command_id=named("hold"))
    reservation = guest_stream(named("hold"))
    request = RequestPayment(reservation_id=reservation, description="", language="en")
    wrong = [
        envelope(CancelReservation(reservation_id=guest_stream(named("nobody")))),
        envelope(PokePayment(payment_id=reservation, source="", vendor_event_id="", kind="")),
    ]
    results = Bench().together(*wrong, envelope(request), first=(hold,))
    assert results[0].code == "reservation.unknown"
    assert results[1].code == "stream.other_kind"
    assert results[2].accepted


# —— The queue ———————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_full_queue_says_so_and_loses_nobody_who_waits() -> None:
    bench = Bench()
    results = bench.together(*[envelope(VILLA) for _ in range(LONGEST_QUEUE - KEPT_FOR_PROMISED + 1)])
    busy = [result for result in results if isinstance(result, Unavailable)]
    assert len(busy) == 1
    assert sum(isinstance(result, Outcome) and result.accepted for result in results) == 1


def test_two_writers_on_one_log_never_sell_a_room_twice() -> None:
    async def run() -> tuple[MemoryLog, list[Outcome]]:
        log = MemoryLog(CODE)
        receptions = [Reception.in_memory(log) for _ in range(2)]
        for reception in receptions:
            await reception.ask(OPEN)
        outcomes = await asyncio.gather(*[receptions[number % 2].ask(VILLA) for number in range(16)])
        return log, outcomes

    log, outcomes = asyncio.run(run())
    assert sorted(codes(outcomes)) == ["accepted", *["sold_out"] * 15]
    assert log.conflicts > 0, "they must have met"
