"""Which release of a block is due, and because of which agreement."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from aggregates.group import Group
from commands.release_block import ReleaseBlock
from ledger.event import Event, Recorded
from sagas.releasing_blocks import react
from tests.examples import NOW, minutes, named
from tests.unit.commands.test_groups import OPTION, RELEASE_AT, TERMS, block, opened_event

GROUP = named("group")
BLOCKED = Group.RoomsBlocked(blocks=(block("g1"),))
CUT_OFF = Group.RoomsReleased(blocks=(block("g1"),), reason="cutoff")
REDUCED = Group.RoomsReleased(blocks=(block("g1"),), reason="reduced")


def recorded(*events: Event) -> list[Recorded]:
    return [
        Recorded(position=position, stream=GROUP, version=position, event=event, occurred_at=NOW, recorded_at=NOW)
        for position, event in enumerate(events, 1)
    ]


@pytest.mark.parametrize(
    ("events", "at", "reason", "cause"),
    [
        ((opened_event(OPTION), BLOCKED), minutes(60), "option", 1),
        ((opened_event(OPTION), BLOCKED), minutes(59), "cutoff", 1),
        ((opened_event(OPTION), BLOCKED, Group.Confirmed(terms=TERMS)), RELEASE_AT, "cutoff", 3),
        ((opened_event(), Group.Confirmed(terms=TERMS), BLOCKED, Group.TermsChanged(terms=TERMS)), RELEASE_AT, "cutoff", 4),
        ((opened_event(), Group.Confirmed(terms=TERMS), BLOCKED, REDUCED), RELEASE_AT, "cutoff", 2),
    ],
)
def test_what_is_due_follows_from_the_last_agreement(events: Any, at: datetime, reason: Any, cause: int) -> None:
    found = react(recorded(*events), at)
    assert found is not None
    assert (found[0], found[1].position) == (ReleaseBlock(group_id=GROUP, reason=reason), cause)


@pytest.mark.parametrize("end", [CUT_OFF, Group.Expired(), Group.Cancelled(reason="other")])
def test_nothing_is_due_of_what_is_over(end: Event) -> None:
    assert react(recorded(opened_event(), Group.Confirmed(terms=TERMS), BLOCKED, end), RELEASE_AT + timedelta(days=1)) is None
    assert react([], NOW) is None
