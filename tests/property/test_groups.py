"""Whatever a group does, its block is exactly the room-nights that say so, and a release gives back exactly what is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from aggregates.group import Group
from aggregates.room_night import RoomNight
from commands.cancel_group import CancelGroup
from commands.change_block import ChangeBlock
from commands.group_block import BlockWish
from commands.hold_stay import GuestDetails
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.release_block import ReleaseBlock
from commands.rooming_list import RoomingRow
from ledger.command import Change, Command
from ledger.ids import made_by, room_night_stream
from ledger.refusal import Refusal
from tests.examples import ARRIVAL, CODE, NOW, OPENED, ROOMS, SEALED, hold_stay, named
from tests.spec import given as after

DAYS = 5
GROUP = made_by(named("open"), "group")
NIGHTS = [ARRIVAL + timedelta(days=day) for day in range(-1, DAYS + 2)]
first_days = st.integers(0, DAYS - 1)
lengths = st.integers(1, 3)
SEALED_ROWS = {"guest": SEALED} | {f"guest/{number}": SEALED for number in range(1, 4)}


@st.composite
def stays(draw: st.DrawFn) -> tuple[date, date]:
    arrival = ARRIVAL + timedelta(days=draw(first_days))
    return arrival, arrival + timedelta(days=draw(lengths))


@st.composite
def wishes(draw: st.DrawFn) -> BlockWish:
    arrival, departure = draw(stays())
    return BlockWish(room_type="garden", arrival=arrival, departure=departure, rooms=draw(st.integers(0, 3)))


@st.composite
def rows(draw: st.DrawFn, number: int = 1) -> RoomingRow:
    arrival, departure = draw(stays())
    guest = GuestDetails(name=f"Guest {number}", email="office@example.com")
    return RoomingRow(room_type="garden", arrival=arrival, departure=departure, guest=guest, line=number)


@st.composite
def lists(draw: st.DrawFn) -> PickUp:
    count = draw(st.integers(1, 3))
    return PickUp(group_id=GROUP, rows=tuple(draw(rows(number)) for number in range(1, count + 1)))


@st.composite
def changes(draw: st.DrawFn) -> ChangeBlock:
    return ChangeBlock(group_id=GROUP, blocks=(draw(wishes()),), elastic=draw(st.sampled_from([None, True, False])))


@st.composite
def rivals(draw: st.DrawFn) -> Command:
    arrival, departure = draw(stays())
    return hold_stay(arrival=arrival, departure=departure)


ENDS = (ReleaseBlock(group_id=GROUP, reason="cutoff"), ReleaseBlock(group_id=GROUP), CancelGroup(group_id=GROUP))
steps = st.lists(st.one_of(lists(), changes(), rivals()), max_size=8)


def folded(story: Sequence[Change], stream: UUID, kind: Any) -> Any:
    aggregate = kind()
    for change in story:
        if change.stream == stream:
            aggregate.apply(change.event)
    return aggregate


def who_has(story: Sequence[Change]) -> dict[tuple[str, date], tuple[str, UUID | None]]:
    """Tell for every room and night its state and holder."""
    nights = {}
    for room in ROOMS:
        for night in NIGHTS:
            there = folded(story, room_night_stream(CODE, room.code, night), RoomNight)
            nights[room.code, night] = (there.state, there.stay_id)
    return nights


def ask(story: list[Change], command: Command, name: str, late: bool = False) -> bool:
    """Let something happen at the end of a story, unless it is refused; tell whether it did."""
    at = folded(story, GROUP, Group).terms.release_at if late else NOW
    try:
        verdict = after(*story).when(command, command_id=named(name), at=at, sealed=SEALED_ROWS)
        story += verdict.decision.changes
    except AssertionError as refused:
        if not isinstance(refused.__cause__, Refusal):
            raise
        return False
    return True


@given(wishes(), steps, st.sampled_from(ENDS))
def test_a_release_gives_back_exactly_what_was_not_picked_up(wish: BlockWish, asked: list[Command], end: Command) -> None:
    story = list(OPENED)
    opening = OpenGroup(name="Tea", rate_plan="flexible", cutoff=ARRIVAL, blocks=(wish,), elastic=True)
    assert ask(story, opening, "open")
    for number, command in enumerate(asked):
        ask(story, command, f"step {number}")
        blocked = {key for key, (_, holder) in who_has(story).items() if holder == GROUP}
        assert set(folded(story, GROUP, Group).nights) == blocked
    before = who_has(story)
    late = isinstance(end, ReleaseBlock) and end.reason == "cutoff"
    assert ask(story, end, "end", late=late)
    freed = {key for key, (state, _) in who_has(story).items() if state == "free" and before[key][0] != "free"}
    assert freed == {key for key, (_, holder) in before.items() if holder == GROUP}
    assert {key: who for key, who in who_has(story).items() if key not in freed} == {
        key: who for key, who in before.items() if key not in freed
    }


def test_control_a_release_that_forgets_a_night_would_be_seen() -> None:
    story = list(OPENED)
    wish = BlockWish(room_type="garden", arrival=ARRIVAL, departure=ARRIVAL + timedelta(days=2), rooms=2)
    assert ask(story, OpenGroup(name="Tea", rate_plan="flexible", cutoff=ARRIVAL, blocks=(wish,)), "open")
    assert ask(story, ReleaseBlock(group_id=GROUP), "end")
    story.remove(next(change for change in reversed(story) if isinstance(change.event, RoomNight.Unblocked)))
    assert sum(holder == GROUP for _, holder in who_has(story).values()) == 1
