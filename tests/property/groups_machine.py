"""The hotel of `stays_machine` with groups, their blocks and rooming lists, and guests who wait for a room."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from commands.cancel_group import CancelGroup
from commands.change_block import ChangeBlock
from commands.confirm_group import ConfirmGroup
from commands.group_block import BlockWish
from commands.join_waitlist import JoinWaitlist
from commands.leave_waitlist import LeaveWaitlist
from commands.offer_waitlist import OfferWaitlist
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.release_block import ReleaseBlock
from commands.rooming_list import RoomingRow
from tests.auditor import Stay, today
from tests.examples import GUEST
from tests.group_auditor import OPEN_STATES, GroupAuditor, Party
from tests.naive_house import Night
from tests.property.stays_machine import StaysMachine, picks
from tests.stay_auditor import Wanted

OFFER_SECONDS = 3600
kinds = st.sampled_from(["garden", "garden", "villa"])


class GroupsMachine(StaysMachine):
    """Groups are opened, confirmed, picked up, released and cancelled; others wait for what they leave."""

    auditor: GroupAuditor

    def __init__(self) -> None:
        super().__init__()
        self.auditor = GroupAuditor()

    @rule(
        kind=st.sampled_from(["garden", "garden", "villa", "house"]),
        ahead=st.integers(-1, 4),
        nights=st.sampled_from([2, 3, 1, 0]),
        rooms=st.sampled_from([1, 1, 2, 3, 4]),
        cutoff=st.sampled_from([0, 0, -1, -2, 1]),
        option=st.sampled_from([None, 1, 20, -1]),
        elastic=st.booleans(),
    )
    def group_is_opened(
        self, kind: str, ahead: int, nights: int, rooms: int, cutoff: int, option: int | None, *, elastic: bool
    ) -> None:
        arrival = today(self.now) + timedelta(days=ahead)
        departure = arrival + timedelta(days=nights)
        kind = kind if self.has(kind) else "garden"
        wanted = Wanted(kind, "flexible", 1, arrival, departure)
        until = None if option is None else self.now + timedelta(hours=option)
        party = Party(
            "flexible", max(arrival + timedelta(days=cutoff), today(self.now) - timedelta(days=1)), until, elastic, "", kind
        )
        if until is not None and today(until) > party.cutoff:
            until = party.option_until = None
        party.state = "definite" if until is None else "tentative"
        command = OpenGroup(
            name="The choir", rate_plan="flexible", cutoff=party.cutoff, option_until=until, elastic=elastic,
            blocks=(BlockWish(room_type=kind, arrival=arrival, departure=departure, rooms=rooms),),
        )  # fmt: skip
        position = len(self.log.rows)
        outcome = self.do(command)
        if self.answers(outcome, self.auditor.on_open(wanted, rooms, party, self.now)):
            group = str(outcome.answer["group_id"])
            self.auditor.groups[group] = party
            self.rooms_are_taken_over(position, set())
            self.block_is_as(group, {(kind, day): rooms for day in wanted.dates})

    @precondition(lambda machine: machine.auditor.groups)
    @rule(pick=picks)
    def group_is_confirmed(self, pick: int) -> None:
        tentative = [name for name, party in self.auditor.groups.items() if party.state == "tentative"]
        group = tentative[0] if tentative and pick % 4 else self.group_of(pick)
        if self.answers(self.do(ConfirmGroup(group_id=UUID(group))), self.auditor.on_group(group, confirm=True)):
            self.auditor.groups[group].state = "definite"
            self.auditor.groups[group].option_until = None

    @precondition(lambda machine: machine.auditor.groups)
    @rule(
        pick=picks,
        begin=st.sampled_from([0, 0, 1, -1]),
        nights=st.sampled_from([2, 1, 3, 0]),
        rooms=st.sampled_from([0, 1, 2, 2, 3, 4]),
        cutoff=st.sampled_from([None, None, 0, -1, 1]),
        elastic=st.sampled_from([None, True, False]),
    )
    def block_is_changed(
        self, pick: int, begin: int, nights: int, rooms: int, cutoff: int | None, *, elastic: bool | None
    ) -> None:
        """More rooms on some nights, fewer on others; the last day to decide, too."""
        group = self.group_of(pick)
        party, block = self.auditor.groups[group], self.auditor.block_of(group)
        kind, first = min(block, default=("garden", today(self.now)))
        arrival = max(first, today(self.now)) + timedelta(days=begin)
        wanted = Wanted(kind, party.plan, 1, arrival, arrival + timedelta(days=nights))
        until = None if cutoff is None else first + timedelta(days=cutoff)
        wish = BlockWish(room_type=kind, arrival=arrival, departure=wanted.departure, rooms=rooms)
        position = len(self.log.rows)
        expected = self.auditor.on_change_block(group, wanted, rooms, until, self.now)
        command = ChangeBlock(group_id=UUID(group), blocks=(wish,), cutoff=until, elastic=elastic)
        if self.answers(self.do(command), expected):
            party.cutoff, party.kind = until or party.cutoff, kind
            party.elastic = party.elastic if elastic is None else elastic
            self.auditor.leaves(group)
            self.rooms_are_taken_over(position, set())
            self.block_is_as(group, {**block, **{(kind, day): rooms for day in wanted.dates}})

    @precondition(lambda machine: machine.auditor.groups)
    @rule(pick=picks, reason=st.sampled_from(["cutoff", "option", "staff"]))
    def block_is_released(self, pick: int, reason: str) -> None:
        group = self.group_of(pick)
        expected = self.auditor.on_group(group, release=reason, now=self.now)
        command = ReleaseBlock.model_validate({"group_id": UUID(group), "reason": reason})
        if self.answers(self.do(command), expected):
            state = self.auditor.groups[group].state
            self.auditor.end_group(group, "expired" if reason == "option" else state)

    @precondition(lambda machine: machine.auditor.groups)
    @rule(pick=picks)
    def group_is_cancelled(self, pick: int) -> None:
        group = self.group_of(pick)
        if self.answers(self.do(CancelGroup(group_id=UUID(group))), self.auditor.on_group(group)):
            self.auditor.end_group(group, "cancelled")

    @precondition(lambda machine: machine.auditor.groups)
    @rule(
        pick=picks,
        begin=st.sampled_from([0, 0, 1, -1]),
        nights=st.sampled_from([1, 2, 2, 3]),
        adults=st.sampled_from([1, 2, 4]),
    )
    def room_is_picked_up(self, pick: int, begin: int, nights: int, adults: int) -> None:
        """A guest of the group is named: for nights of the block, mostly."""
        group = self.group_of(pick, ready=True)
        block = self.auditor.block_of(group)
        ahead = [(kind, day) for kind, day in block if day >= today(self.now)]
        kind, first = min(ahead, default=("garden", today(self.now)))
        arrival = first + timedelta(days=begin)
        wanted = Wanted(kind, self.auditor.groups[group].plan, adults, arrival, arrival + timedelta(days=nights))
        row = RoomingRow(room_type=kind, arrival=arrival, departure=wanted.departure, adults=adults, guest=GUEST)
        position = len(self.log.rows)
        outcome = self.do(PickUp(group_id=UUID(group), rows=(row,)))
        if not self.answers(outcome, self.auditor.on_pick_up(group, wanted, self.now)):
            return
        name = str(outcome.answer["reservations"][0]["reservation_id"])
        self.every_line_obeys_the_laws()
        (stay_id,) = self.inspector.stays_of(name)
        self.auditor.leaves(group)
        stay = Stay(name, kind, wanted.plan, adults, self.rooms_of(stay_id))
        self.auditor.pick_up(name, stay_id, stay, self.now)
        self.rooms_are_taken_over(position, {stay_id})
        self.block_is_as(group, {key: rooms - (key[0] == kind and key[1] in wanted.dates) for key, rooms in block.items()})
        assert sorted(stay.rooms) == wanted.dates

    @rule(kind=kinds, ahead=st.integers(-1, 3), nights=st.sampled_from([1, 2, 3]), plan=st.sampled_from(["flexible", "saver"]))
    def somebody_waits(self, kind: str, ahead: int, nights: int, plan: str) -> None:
        arrival = today(self.now) + timedelta(days=ahead)
        wanted = Wanted(kind, plan, 1, arrival, arrival + timedelta(days=nights))
        command = JoinWaitlist(
            room_type=kind, rate_plan=plan, arrival=arrival, departure=wanted.departure, adults=1, guest=GUEST
        )  # fmt: skip
        outcome = self.do(command)
        if self.answers(outcome, self.auditor.on_join(wanted, self.now)):
            self.auditor.waiting[str(outcome.answer["entry_id"])] = wanted

    @precondition(lambda machine: machine.auditor.waiting)
    @rule(pick=picks)
    def somebody_waits_no_longer(self, pick: int) -> None:
        entry = list(self.auditor.waiting)[pick % len(self.auditor.waiting)]
        if self.answers(self.do(LeaveWaitlist(entry_id=UUID(entry))), ""):
            del self.auditor.waiting[entry]

    @precondition(lambda machine: machine.auditor.waiting)
    @rule()
    def freed_rooms_are_offered(self) -> None:
        position = len(self.log.rows)
        outcome = self.do(OfferWaitlist(offer_seconds=OFFER_SECONDS))
        if self.answers(outcome, ""):
            offered = [str(entry) for entry in outcome.answer["offered"]]
            self.every_line_obeys_the_laws()
            for entry in offered:
                wanted = self.auditor.waiting[entry]
                stays = self.stays_held(UUID(entry), wanted.kind, wanted.plan, wanted.adults)
                assert all(sorted(stay.rooms) == wanted.dates for stay in stays.values())
                self.auditor.hold(entry, stays, self.now + timedelta(seconds=OFFER_SECONDS), f"waitlist {entry}")
            self.rooms_are_taken_over(position, {stay for entry in offered for stay in self.auditor.bookings[entry].stays})
            self.auditor.offers(offered, self.now)

    def has(self, kind: str) -> bool:
        """Tell whether this hotel has rooms of a type: only some have a house."""
        return kind in {each["code"] for each in self.opening.definition["room_types"]}

    def group_of(self, pick: int, *, ready: bool = False) -> str:
        """Pick a group, mostly one that still has a block, or one that is `ready` to name its guests."""
        states = ("definite",) if ready else OPEN_STATES
        likely = [group for group, party in self.auditor.groups.items() if party.state in states]
        groups = [group for group in likely if self.auditor.block_of(group)] if pick % 4 else []
        chosen = groups or list(self.auditor.groups)
        return chosen[pick // 4 % len(chosen)]

    def block_is_as(self, group: str, expected: dict[tuple[str, date], int]) -> None:
        """Tell the auditor which nights the block has; it knows how many."""
        left = {key: rooms for key, rooms in expected.items() if rooms > 0}
        self.auditor.reblock(group, self.nights_of_block(group), left, self.now)

    def nights_of_block(self, group: str) -> list[Night]:
        return [(room, date.fromisoformat(day), slot) for room, day, slot in self.inspector.places[group]]
