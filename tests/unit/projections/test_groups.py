"""What became of each room-night of a block, folded from its events, and the attrition that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from aggregates.group import Block, Group
from ledger.event import Event, Recorded
from ledger.stay_dates import StayDates
from projections.groups import GroupDocument, fold
from queries.groups import GroupFound, attrition, group_as_json
from tests.examples import ARRIVAL, NOW, named
from tests.unit.commands.test_groups import DATES, ELASTIC, TERMS, block, opened_event

GROUP = named("group")


def told(*events: Event) -> GroupDocument:
    documents: dict[UUID, GroupDocument] = {}
    for position, event in enumerate(events, 1):
        recorded = Recorded(
            position=position, stream=GROUP, version=position, event=event, occurred_at=NOW, recorded_at=NOW
        )  # fmt: skip
        fold(documents, recorded)
    return documents[GROUP]


def picked(*blocks: Block, beyond: tuple[Block, ...] = ()) -> Group.PickedUp:
    return Group.PickedUp(reservation_id=named("guest"), blocks=blocks, beyond=beyond)


def sums(document: GroupDocument) -> tuple[Any, ...]:
    whole = attrition(document)[1]
    return whole.agreed, whole.picked_up, whole.beyond, whole.released, whole.left, whole.unused_percent


def test_a_block_is_counted_by_night_and_as_a_whole() -> None:
    first_night = StayDates(ARRIVAL, ARRIVAL + timedelta(days=1))
    blocks = (block("g1"), block("g2"))
    document = told(opened_event(), Group.RoomsBlocked(blocks=blocks), picked(block("g1", first_night)))
    nights, _ = attrition(document)
    assert [(row.agreed, row.picked_up, row.left, row.unused_percent) for row in nights] == [(2, 1, 1, 50.0), (2, 0, 2, 100.0)]
    assert sums(document) == (4, 1, 0, 0, 3, 75.0)


def test_what_was_taken_out_by_agreement_is_no_attrition() -> None:
    blocks = (block("g1"), block("g2"))
    reduced = Group.RoomsReleased(blocks=(block("g2"),), reason="reduced")
    document = told(opened_event(), Group.RoomsBlocked(blocks=blocks), reduced, picked(block("g1")))
    assert sums(document) == (2, 2, 0, 0, 0, 0.0)


def test_what_was_released_at_the_cutoff_is() -> None:
    blocks = tuple(block(f"g{number}") for number in (1, 2, 3))
    released = Group.RoomsReleased(blocks=(block("g3"),), reason="cutoff")
    document = told(opened_event(), Group.RoomsBlocked(blocks=blocks), picked(*blocks[:2]), released)
    assert sums(document) == (6, 4, 0, 2, 0, 33.3)
    assert group_as_json(GroupFound(GROUP, document, 4))["within_attrition"] is False


def test_rooms_beyond_the_block_do_not_make_up_for_those_in_it() -> None:
    document = told(opened_event(ELASTIC), Group.RoomsBlocked(blocks=(block("g1"),)), picked(beyond=(block("g2"),)))
    assert sums(document) == (2, 0, 2, 0, 2, 100.0)


def test_a_group_without_a_block_has_no_attrition() -> None:
    assert sums(told(opened_event())) == (0, 0, 0, 0, 0, 0.0)


def test_the_state_follows_its_events() -> None:
    assert told(opened_event()).state == "tentative"
    assert told(opened_event(), Group.Confirmed(terms=TERMS)).state == "definite"
    assert told(opened_event(), Group.Expired()).state == "expired"
    cancelled = told(opened_event(), Group.TermsChanged(terms=ELASTIC), Group.Cancelled(reason="not_paid"))
    assert (cancelled.state, cancelled.reason, cancelled.terms, cancelled.version) == ("cancelled", "not_paid", ELASTIC, 3)
    assert DATES.nights == 2
