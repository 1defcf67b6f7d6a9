"""The hotel of `groups_machine` with rooms that are taken off the market and given back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from commands.block_rooms import BlockRooms
from commands.unblock_rooms import UnblockRooms
from tests.auditor import today
from tests.naive_house import days
from tests.property.groups_machine import GroupsMachine
from tests.property.stays_machine import ANY_DOOR, picks


class UpkeepMachine(GroupsMachine):
    """Rooms are blocked: those who are in the way and were promised nothing make way."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []

    @rule(
        room=st.sampled_from(ANY_DOOR),
        ahead=st.sampled_from([1, 1, 2, 3, 0, -1]),
        nights=st.sampled_from([1, 2, 2, 3, 0]),
        reason=st.sampled_from(["out_of_order", "house_use"]),
    )
    def room_is_blocked(self, room: str, ahead: int, nights: int, reason: str) -> None:
        first = today(self.now) + timedelta(days=ahead)
        last = first + timedelta(days=nights - 1)
        expected = self.auditor.on_block(room, first, last, self.now)
        asked = {"rooms": (room,), "first_night": first, "last_night": last, "reason": reason}
        position = len(self.log.rows)
        outcome = self.do(BlockRooms.model_validate(asked))
        if self.answers(outcome, expected):
            block = str(outcome.answer["block_id"])
            self.auditor.blocks[block] = last
            self.rooms_are_taken_over(position, set())
            self.auditor.close(block, [(room, day, "night") for day in days(first, nights)], self.now)
            assert set(self.nights_of_block(block)) == {(room, day, "night") for day in days(first, nights)}

    @precondition(lambda machine: machine.auditor.blocks or machine.ended)
    @rule(pick=picks)
    def block_is_ended(self, pick: int) -> None:
        """One that stands, now and then one that was ended."""
        there = list(self.auditor.blocks) if self.auditor.blocks and (pick % 4 or not self.ended) else self.ended
        block = there[pick // 4 % len(there)]
        if self.answers(self.do(UnblockRooms(block_id=UUID(block))), self.auditor.on_unblock(block, self.now)):
            self.auditor.unblock(block, self.now)
            self.ended.append(block)
