"""What stands under what in a history: a command's events under its first, sagas under causes, people under what they met."""

from __future__ import annotations

from uuid import UUID

import pytest

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from ledger.event import Event, Recorded
from ops.history import as_json, as_text, as_tree
from queries.history import History
from tests.examples import NOW, minutes, named, usd

RESERVATION, PAYMENT = named("r"), named("p")
ABANDONED = Reservation.Abandoned(reason="other")
POKED = Payment.Poked(reservation_id=RESERVATION, source="stripe", vendor_event_id="evt_1", kind="charge.updated")
CAPTURED = Payment.Captured(reservation_id=RESERVATION, intent_id="pi_1", charge_id="ch_1", amount=usd(31557))


def told(position: int, stream: UUID, event: Event, command: str, actor: str = "guest", cause: int | None = None) -> Recorded:
    return Recorded(
        position=position, stream=stream, version=position, event=event, occurred_at=NOW, recorded_at=NOW,
        command_id=named(command), correlation_id=named("request"), cause_position=cause, actor=actor,
        business_date=NOW.date(),
    )  # fmt: skip


def parents(*events: Recorded) -> list[int | None]:
    return list(History(events, {}).parents().values())


def test_events_of_a_command_stand_under_its_first() -> None:
    hold = (
        told(1, RESERVATION, ABANDONED, "hold"),
        told(2, named("n"), ABANDONED, "hold"),
        told(3, named("m"), ABANDONED, "hold"),
    )
    assert parents(*hold) == [None, 1, 1]


def test_a_saga_stands_under_its_cause_wherever_that_is() -> None:
    hold = (told(1, RESERVATION, ABANDONED, "hold"), told(2, PAYMENT, POKED, "hold"))
    assert parents(*hold, told(7, PAYMENT, CAPTURED, "capture", "saga:paying", cause=1)) == [None, 1, 1]


def test_somebody_from_outside_stands_under_what_was_there_last() -> None:
    hold = (told(1, RESERVATION, ABANDONED, "hold"), told(2, PAYMENT, CAPTURED, "hold"))
    assert parents(*hold, told(5, PAYMENT, POKED, "poke", "webhook:stripe")) == [None, 1, 2]


def test_who_says_the_same_again_stands_beside_the_first() -> None:
    pokes = [told(position, PAYMENT, POKED, f"poke {position}", "webhook:stripe") for position in (2, 3, 4)]
    assert parents(told(1, PAYMENT, CAPTURED, "capture"), *pokes) == [None, 1, 1, 1]


def test_a_cause_that_is_not_part_of_it_is_named_but_is_no_branch() -> None:
    elsewhere = told(3, RESERVATION, ABANDONED, "abandon")
    history = History([told(7, PAYMENT, CAPTURED, "capture", "saga:paying", cause=3)], {3: elsewhere})
    assert history.parents() == {7: None}
    assert history.cause_of(history.events[0]) is elsewhere
    assert as_json(history)[0]["because_of"] == "reservation.abandoned.v1"
    assert "because of #3 reservation.abandoned.v1" in as_text(history)


def test_a_library_event_without_a_command_stands_alone() -> None:
    bare = Recorded(position=1, stream=PAYMENT, version=1, event=POKED, occurred_at=NOW, recorded_at=minutes(2))
    assert parents(bare) == [None]
    assert as_text(History([bare], {})).splitlines() == [
        "2126-03-01 08:02:00 UTC  system",
        "  asked 2126-03-01 08:00:00 UTC",
        "  #1 payment.poked.v1",
        "    kind charge.updated  source stripe",
    ]


def test_the_texts() -> None:
    history = History(
        [told(1, PAYMENT, POKED, "poke", "webhook:stripe"), told(2, PAYMENT, CAPTURED, "capture", "saga:paying", cause=1)], {}
    )
    assert as_tree(history) == "#1 payment.poked.v1  webhook:stripe\n  #2 payment.captured.v1  saga:paying"
    assert as_text(history).split("\n\n")[1].splitlines() == [
        "2126-03-01 08:00:00 UTC  saga:paying",
        "  because of #1 payment.poked.v1",
        "  #2 payment.captured.v1",
        "    purpose deposit  315.57 USD",
        f"  command {str(named('capture'))[:8]}  request {str(named('request'))[:8]}  date 2126-03-01",
    ]


@pytest.mark.parametrize("history", [History([], {})])
def test_nothing_is_an_empty_text(history: History) -> None:
    assert (as_text(history), as_tree(history), as_json(history)) == ("", "", [])
