"""What a group knows after each of its events, as whole tables; who may book into it stands with its commands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.group import Block, Group, Terms, definite
from ledger.event import Event
from tests.examples import ARRIVAL, NOW, dates, minutes, named

TERMS = Terms(cutoff=date(2126, 3, 5), release_at=minutes(60), option_until=minutes(30), elastic=False, attrition_percent=20)
OTHER_TERMS = replace(TERMS, cutoff=date(2126, 3, 6), option_until=minutes(45), elastic=True)
OPENED = Group.Opened(name="Tea Congress", rate_plan="flexible", terms=TERMS, opened_on=date(2126, 3, 1))
BLOCKS = (Block(room_type="garden", room="g1", dates=dates()), Block(room_type="garden", room="g2", dates=dates(1)))
BLOCKED = Group.RoomsBlocked(blocks=BLOCKS)
SECOND_NIGHT = ARRIVAL + timedelta(days=1)
NIGHTS = {("g1", ARRIVAL): "garden", ("g1", SECOND_NIGHT): "garden", ("g2", ARRIVAL): "garden"}
NEW: dict[str, Any] = {"state": "none", "name": "", "rate_plan": "", "terms": None, "nights": {}}
OPEN = NEW | {"state": "tentative", "name": "Tea Congress", "rate_plan": "flexible", "terms": TERMS}
FULL = OPEN | {"nights": NIGHTS}


def group(*events: Event) -> Group:
    made = Group()
    for event in events:
        made.apply(event)
    return made


@pytest.mark.parametrize(
    ("events", "known"),
    [
        ((), NEW),
        ((OPENED,), OPEN),
        ((OPENED, BLOCKED), FULL),
        ((OPENED, BLOCKED, Group.TermsChanged(terms=OTHER_TERMS)), FULL | {"terms": OTHER_TERMS}),
        ((OPENED, BLOCKED, Group.Confirmed(terms=definite(TERMS))), FULL | {"state": "definite", "terms": definite(TERMS)}),
        (
            (OPENED, BLOCKED, Group.PickedUp(reservation_id=named("r"), blocks=BLOCKS[:1], beyond=())),
            OPEN | {"nights": {("g2", ARRIVAL): "garden"}},
        ),
        ((OPENED, BLOCKED, Group.RoomsReleased(blocks=BLOCKS, reason="option"), Group.Expired()), OPEN | {"state": "expired"}),
        (
            (OPENED, BLOCKED, Group.RoomsReleased(blocks=BLOCKS, reason="cancelled"), Group.Cancelled(reason="not_paid")),
            OPEN | {"state": "cancelled"},
        ),
    ],
    ids=["new", "opened", "blocked", "terms changed", "confirmed", "picked up", "expired", "cancelled"],
)
def test_what_a_group_knows(events: tuple[Event, ...], known: dict[str, Any]) -> None:
    assert vars(group(*events)) == known


@pytest.mark.parametrize("end", [Group.Expired(), Group.Cancelled(reason="other")])
def test_a_group_that_is_over_says_what_became_of_it(end: Event) -> None:
    over = group(OPENED, end)
    with pytest.raises(Group.NotLive) as refused:
        over.cancel("other")
    assert refused.value.details == {"state": type(end).__name__.lower()}


def test_other_terms_count_from_then_on() -> None:
    known = group(OPENED, BLOCKED, Group.TermsChanged(terms=OTHER_TERMS))
    assert known.must_be_live() == OTHER_TERMS
    with pytest.raises(Group.NotDue):
        known.release("option", minutes(44))
    assert known.release("option", minutes(45)) == [Group.RoomsReleased(blocks=BLOCKS, reason="option"), Group.Expired()]
    assert known.release("staff", NOW) == [Group.RoomsReleased(blocks=BLOCKS, reason="staff")]
