"""Groups: opening, changing, confirming, releasing and cancelling a block, and picking its rooms up, event by event."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from aggregates.group import Block, Group, Terms
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.cancel_group import CancelGroup
from commands.change_block import ChangeBlock
from commands.confirm_group import ConfirmGroup
from commands.group_block import BlockWish, CutoffAfterArrival, CutoffPast, LargerThanHouse, NoRooms, OptionOver
from commands.hold_stay import GuestDetails
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.release_block import ReleaseBlock
from commands.rooming_list import ListWrong, RoomingRow
from ledger.command import Change
from ledger.ids import made_by, room_night_stream
from ledger.refusal import IdReused
from ledger.stay_dates import StayDates
from tests.examples import ARRIVAL, CODE, NOW, OPENED, SEALED, confirmed, held, minutes, named, stay
from tests.spec import Story, Verdict, given
from tests.unit.commands.test_placing import estate

DEPARTURE = ARRIVAL + timedelta(days=2)
DATES = StayDates(ARRIVAL, DEPARTURE)
CUTOFF = date(2126, 3, 8)
RELEASE_AT = datetime(2126, 3, 8, 18, 30, tzinfo=UTC)
"""Midnight after the cutoff, in Colombo."""
TERMS = Terms(cutoff=CUTOFF, release_at=RELEASE_AT, option_until=None, elastic=False, attrition_percent=20)
OPTION = Terms(cutoff=CUTOFF, release_at=RELEASE_AT, option_until=minutes(60), elastic=False, attrition_percent=20)
ELASTIC = Terms(cutoff=CUTOFF, release_at=RELEASE_AT, option_until=None, elastic=True, attrition_percent=20)
GROUP = made_by(named("command"), "group")


def wish(rooms: int, room_type: str = "garden", arrival: date = ARRIVAL, departure: date = DEPARTURE) -> BlockWish:
    return BlockWish(room_type=room_type, arrival=arrival, departure=departure, rooms=rooms)


def open_group(*blocks: BlockWish, **changes: Any) -> OpenGroup:
    asked: dict[str, Any] = {
        "name": "Tea growers", "rate_plan": "flexible", "cutoff": CUTOFF, "blocks": blocks, "attrition_percent": 20,
    }  # fmt: skip
    return OpenGroup(**(asked | changes))


def block(room: str, dates: StayDates = DATES, room_type: str = "garden") -> Block:
    return Block(room_type=room_type, room=room, dates=dates)


def nights_blocked(*blocks: Block) -> list[Change]:
    return [
        Change(
            room_night_stream(CODE, each.room, night),
            RoomNight.Blocked(room=each.room, stay_date=night, block_id=GROUP, reason="group", movable=True),
        )
        for each in blocks
        for night in each.dates
    ]


def nights_freed(*blocks: Block, reason: Any = "released") -> list[Change]:
    return [
        Change(
            room_night_stream(CODE, each.room, night),
            RoomNight.Unblocked(room=each.room, stay_date=night, block_id=GROUP, reason=reason),
        )
        for each in blocks
        for night in each.dates
    ]


def happened(*events: Any) -> list[Change]:
    return [Change(GROUP, event) for event in events]


def opened_event(terms: Terms = TERMS) -> Group.Opened:
    return Group.Opened(name="Tea growers", rate_plan="flexible", terms=terms, opened_on=date(2126, 3, 1))


def a_group(*blocks: Block, terms: Terms = TERMS) -> Story:
    """Begin with a group that has these rooms; definite unless its terms say that it is an option."""
    confirmed_now = [] if terms.option_until else happened(Group.Confirmed(terms=terms))
    return given(
        *OPENED, *happened(opened_event(terms)), *confirmed_now, *nights_blocked(*blocks),
        *happened(Group.RoomsBlocked(blocks=blocks)),
    )  # fmt: skip


def row(name: str = "Ruwan Silva", line: int = 2, **changes: Any) -> RoomingRow:
    guest = GuestDetails(name=name, email="office@example.com")
    asked: dict[str, Any] = {"room_type": "garden", "arrival": ARRIVAL, "departure": DEPARTURE, "guest": guest, "line": line}
    return RoomingRow(**(asked | changes))


def pick_up(story: Story, *rows: RoomingRow, **extra: Any) -> Verdict:
    sealed = {f"guest/{number}": SEALED for number in range(1, len(rows) + 1)}
    return story.when(PickUp(group_id=GROUP, rows=rows), sealed=sealed, business_date=date(2126, 3, 1), **extra)


# —— Opening ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_definite_group_gets_all_its_rooms_in_one_commit() -> None:
    verdict = given(*OPENED).when(open_group(wish(2), wish(1, "villa")))
    garden, villa = [block("g1"), block("g2")], block("v1", room_type="villa")
    verdict.then(
        *happened(opened_event(), Group.Confirmed(terms=TERMS)),
        *nights_blocked(*garden, villa),
        *happened(Group.RoomsBlocked(blocks=(*garden, villa))),
    )
    verdict.answers(group_id=str(GROUP), state="definite", room_nights=6, release_at="2126-03-08T18:30:00Z")


def test_an_option_stays_tentative() -> None:
    verdict = given(*OPENED).when(open_group(wish(1), option_until=minutes(60)))
    verdict.then(
        *happened(opened_event(OPTION)), *nights_blocked(block("g1")), *happened(Group.RoomsBlocked(blocks=(block("g1"),)))
    )
    verdict.answers(state="tentative")


def test_a_block_takes_over_rooms_whose_holds_have_expired() -> None:
    story = given(*OPENED, *held("late"))
    changes = story.when(open_group(wish(3)), at=minutes(16)).decision.changes
    assert sum(isinstance(change.event, RoomNight.HoldReleased) for change in changes) == 2
    assert sum(isinstance(change.event, RoomNight.Blocked) for change in changes) == 6


def test_a_block_that_does_not_fit_takes_nothing() -> None:
    story = given(*OPENED, *held("guest"), *confirmed("guest"))
    story.when(open_group(wish(3))).refuses(NoRooms, room_type="garden", rooms_left=2)
    story.when(open_group(wish(1, "villa"), wish(3))).refuses(NoRooms, room_type="garden", rooms_left=2)


@pytest.mark.parametrize(("rooms", "fits"), [(3, True), (4, False)])
def test_a_block_is_no_larger_than_the_house(rooms: int, fits: bool) -> None:
    verdict = given(*OPENED).when(open_group(wish(rooms)))
    if fits:
        verdict.answers(room_nights=6)
    else:
        verdict.refuses(LargerThanHouse, rooms=3, room_type="garden")


def test_two_lines_for_one_night_are_added_up() -> None:
    given(*OPENED).when(open_group(wish(2), wish(2, arrival=ARRIVAL + timedelta(days=1)))).refuses(LargerThanHouse, rooms=3)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"cutoff": ARRIVAL}, None),
        ({"cutoff": ARRIVAL + timedelta(days=1)}, CutoffAfterArrival),
        ({"cutoff": date(2126, 3, 1)}, None),
        ({"cutoff": date(2126, 2, 28)}, CutoffPast),
        ({"option_until": NOW}, OptionOver),
        ({"option_until": RELEASE_AT}, None),
        ({"option_until": RELEASE_AT + timedelta(seconds=1)}, OptionOver),
        ({"rate_plan": "nobody-knows"}, Rates.PlanUnknown),
        ({"blocks": (wish(1, "tent"),)}, Property.RoomTypeUnknown),
        ({"blocks": (wish(1, departure=ARRIVAL),)}, StayDates.NotAfterArrival),
        ({"blocks": (wish(1, arrival=date(2126, 2, 1), departure=date(2126, 2, 3)),)}, StayDates.Past),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(changes: dict[str, Any], refusal: Any) -> None:
    verdict = given(*OPENED).when(open_group(**({"blocks": (wish(1),)} | changes)))
    if refusal is None:
        assert verdict.decision.changes
    else:
        verdict.refuses(refusal)


def test_the_same_key_opens_no_second_group() -> None:
    a_group(block("g1")).when(open_group(wish(1))).refuses(IdReused)


# —— Changing, confirming, ending —————————————————————————————————————————————————————————————————————————————————————


def test_a_block_grows_by_what_is_missing() -> None:
    longer = wish(2, departure=DEPARTURE + timedelta(days=1))
    more = [
        block("g2", StayDates(ARRIVAL, DEPARTURE + timedelta(days=1))),
        block("g1", StayDates(DEPARTURE, DEPARTURE + timedelta(days=1))),
    ]
    verdict = a_group(block("g1")).when(ChangeBlock(group_id=GROUP, blocks=(longer,)))
    verdict.answers(room_nights_added=4, room_nights_released=0)
    blocked = next(c.event for c in verdict.decision.changes if isinstance(c.event, Group.RoomsBlocked))
    assert sorted(blocked.blocks, key=str) == sorted(more, key=str)


def test_a_block_shrinks_and_frees_just_those_rooms() -> None:
    verdict = a_group(block("g1"), block("g2"), block("g3")).when(ChangeBlock(group_id=GROUP, blocks=(wish(1),)))
    gone = (block("g2"), block("g3"))
    verdict.then(*nights_freed(*gone), *happened(Group.RoomsReleased(blocks=gone, reason="reduced")))


def test_terms_change_and_an_unchanged_group_changes_nothing() -> None:
    later = ChangeBlock(group_id=GROUP, cutoff=ARRIVAL, elastic=True)
    terms = Terms(
        cutoff=ARRIVAL, release_at=RELEASE_AT + timedelta(days=2), option_until=None, elastic=True, attrition_percent=20
    )
    a_group(block("g1")).when(later).then(*happened(Group.TermsChanged(terms=terms)))
    a_group(block("g1")).when(ChangeBlock(group_id=GROUP, blocks=(wish(1),))).then()


def test_a_change_that_does_not_fit_is_refused() -> None:
    story = a_group(block("g1"))
    story.when(ChangeBlock(group_id=GROUP, blocks=(wish(4),))).refuses(LargerThanHouse)
    story.when(ChangeBlock(group_id=GROUP, cutoff=DEPARTURE)).refuses(CutoffAfterArrival)
    story.when(ChangeBlock(group_id=GROUP, option_until=minutes(5))).refuses(Group.Definite)
    story.when(ChangeBlock(group_id=GROUP, blocks=(wish(2),)), at=RELEASE_AT).refuses(CutoffPast)


def test_who_saw_an_older_version_is_told() -> None:
    story = a_group(block("g1"), terms=OPTION)
    for command in (ConfirmGroup, CancelGroup, ReleaseBlock, ChangeBlock):
        story.when(command(group_id=GROUP, expected_version=1)).refuses(Group.ChangedSince, version=2, expected_version=1)
    assert story.when(ConfirmGroup(group_id=GROUP, expected_version=2)).decision.changes


def test_an_option_is_confirmed_once() -> None:
    a_group(block("g1"), terms=OPTION).when(ConfirmGroup(group_id=GROUP)).then(*happened(Group.Confirmed(terms=TERMS)))
    a_group(block("g1")).when(ConfirmGroup(group_id=GROUP)).refuses(Group.Definite)
    given(*OPENED).when(ConfirmGroup(group_id=GROUP)).refuses(Group.Unknown)


@pytest.mark.parametrize(
    ("reason", "terms", "due_at"), [("cutoff", TERMS, RELEASE_AT), ("option", OPTION, minutes(60)), ("staff", TERMS, NOW)]
)
def test_a_release_gives_back_what_was_not_picked_up(reason: Any, terms: Terms, due_at: datetime) -> None:
    story = a_group(block("g1"), block("g2"), terms=terms)
    rooms = (block("g1"), block("g2"))
    ended = [Group.Expired()] if reason == "option" else []
    release = ReleaseBlock(group_id=GROUP, reason=reason)
    story.when(release, at=due_at).then(
        *happened(Group.RoomsReleased(blocks=rooms, reason=reason), *ended), *nights_freed(*rooms)
    )
    if reason != "staff":
        story.when(release, at=due_at - timedelta(microseconds=1)).refuses(Group.NotDue)


def test_a_definite_group_has_no_option_that_ends() -> None:
    a_group(block("g1")).when(ReleaseBlock(group_id=GROUP, reason="option"), at=RELEASE_AT).refuses(Group.NotDue)


def test_a_cancelled_group_gives_everything_back_and_is_over() -> None:
    cancelled = happened(Group.RoomsReleased(blocks=(block("g1"),), reason="cancelled"), Group.Cancelled(reason="other"))
    a_group(block("g1")).when(CancelGroup(group_id=GROUP)).then(*cancelled, *nights_freed(block("g1")))
    over = given(*OPENED, *happened(opened_event(), *(change.event for change in cancelled)))
    for command in (CancelGroup(group_id=GROUP), ConfirmGroup(group_id=GROUP), ReleaseBlock(group_id=GROUP)):
        over.when(command).refuses(Group.NotLive, state="cancelled")


# —— Picking up ———————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_room_of_the_block_becomes_a_reservation_in_the_same_commit() -> None:
    changes = pick_up(a_group(block("g1"), block("g2")), row()).decision.changes
    reservation_id = made_by(named("command"), "reservation/1")
    kinds = [type(change.event).__qualname__ for change in changes]
    assert kinds == [
        "RoomNight.Unblocked", "RoomNight.Unblocked", "Reservation.Held", "RoomNight.HoldRequested", "RoomNight.HoldRequested",
        "RoomNight.BookingConfirmed", "RoomNight.BookingConfirmed", "Reservation.Confirmed", "Group.PickedUp",
    ]  # fmt: skip
    assert changes[-1].event == Group.PickedUp(reservation_id=reservation_id, blocks=(block("g1"),), beyond=())
    made = next(change.event for change in changes if isinstance(change.event, Reservation.Held))
    assert (made.channel, made.stays[0].room, made.stays[0].dates, made.guest) == ("group", "g1", DATES, SEALED)


def test_a_whole_list_sees_the_rooms_that_earlier_lines_got() -> None:
    rows = [row(f"Guest {number}", number + 1) for number in (1, 2, 3)]
    verdict = pick_up(a_group(block("g1"), block("g2"), block("g3")), *rows)
    answer = verdict.decision.answer["reservations"]
    assert [each["room"] for each in answer] == ["g1", "g2", "g3"]


def test_guests_of_shorter_stays_share_a_room_of_the_block() -> None:
    middle = ARRIVAL + timedelta(days=1)
    first, second = row("Early", 2, departure=middle), row("Late", 3, arrival=middle)
    verdict = pick_up(a_group(block("g2")), first, second)
    assert [each["room"] for each in verdict.decision.answer["reservations"]] == ["g2", "g2"]


def test_an_elastic_block_takes_rooms_of_the_house_and_says_so() -> None:
    rows = row("In the block", 2), row("Beyond", 3)
    picked = [c.event for c in pick_up(a_group(block("g3"), terms=ELASTIC), *rows).decision.changes]
    ups = [event for event in picked if isinstance(event, Group.PickedUp)]
    assert [(up.blocks, up.beyond) for up in ups] == [((block("g3"),), ()), ((), (block("g1"),))]


def test_a_longer_stay_takes_its_further_nights_beyond_the_block() -> None:
    longer = row(departure=DEPARTURE + timedelta(days=1))
    night = StayDates(DEPARTURE, DEPARTURE + timedelta(days=1))
    up = pick_up(a_group(block("g3"), terms=ELASTIC), longer).decision.changes[-1].event
    assert isinstance(up, Group.PickedUp)
    assert sum(each.dates.nights for each in up.blocks) == 2
    assert [each.dates for each in up.beyond] == [night]


def test_every_mistake_is_told_with_its_line_and_nothing_is_imported() -> None:
    rows = [
        row("Good", 2), row("Unknown type", 3, room_type="tent"), row("Too many", 4, adults=4),
        row("Outside", 5, departure=DEPARTURE + timedelta(days=1)), row("No night", 6, departure=ARRIVAL),
        row("good", 7),
    ]  # fmt: skip
    verdict = pick_up(a_group(block("g1"), block("g2")), *rows)
    verdict.refuses(ListWrong)
    with pytest.raises(AssertionError, match="refused") as told:
        _ = verdict.decision
    refusal = told.value.__cause__
    assert isinstance(refusal, ListWrong)
    found = [(each["line"], each["field"]) for each in refusal.details["mistakes"]]
    assert found == [(3, "room_type"), (4, "adults"), (5, "arrival"), (6, "departure"), (7, "name")]
    assert "Unknown type" not in refusal.message
    assert "Good" not in refusal.message


def test_a_block_that_is_used_up_takes_nobody_more() -> None:
    rows = [row("One", 2), row("Two", 3)]
    pick_up(a_group(block("g1")), *rows).refuses(ListWrong)


def test_only_definite_groups_name_guests() -> None:
    pick_up(a_group(block("g1"), terms=OPTION), row()).refuses(Group.Tentative)
    pick_up(given(*OPENED), row()).refuses(Group.Unknown)


def test_what_was_picked_up_is_not_released() -> None:
    story = a_group(block("g1"), block("g2"))
    after = given(*story._changes, *pick_up(story, row()).decision.changes)
    after.when(ReleaseBlock(group_id=GROUP, reason="cutoff"), at=RELEASE_AT).then(
        *happened(Group.RoomsReleased(blocks=(block("g2"),), reason="cutoff")), *nights_freed(block("g2"))
    )


def test_others_are_moved_when_only_that_makes_room() -> None:
    """g1 is taken for the first two nights, g2 for the last two, g3 for all four: one of the short stays moves over."""
    middle = ARRIVAL + timedelta(days=2)
    stays = stay("early", "g1"), stay("late", "g2", arrival=middle), stay("long", "g3", nights=4)
    booked = [
        change
        for name, each in zip(("early", "late", "long"), stays, strict=True)
        for change in (*held(name, each), *confirmed(name, each))
    ]
    whole = wish(1, departure=ARRIVAL + timedelta(days=4))
    changes = given(*OPENED, *booked).when(open_group(whole)).decision.changes
    assert sum(isinstance(change.event, Reservation.StayMoved) for change in changes) == 1
    assert sum(isinstance(change.event, RoomNight.Blocked) for change in changes) == 4
    elastic = given(*OPENED, *booked, *happened(opened_event(ELASTIC), Group.Confirmed(terms=ELASTIC)))
    picked = pick_up(elastic, row(departure=ARRIVAL + timedelta(days=4))).decision.changes
    assert sum(isinstance(change.event, Reservation.StayMoved) for change in picked) == 1


def test_promises_of_a_list_are_kept_and_pin_the_room() -> None:
    """g3 is the only room upstairs."""
    story = a_group(block("g1"), block("g2"), block("g3"))
    first, second = row("Wishes", 2, wishes=("floor-high",)), row("Promised", 3, wishes=("floor-low!",))
    made = [c.event.stays[0] for c in pick_up(story, first, second).decision.changes if isinstance(c.event, Reservation.Held)]
    assert [(stay.room, stay.pin, stay.wishes) for stay in made] == [
        ("g3", "", ("floor-high",)), ("g1", "promised", ("floor-low!",))
    ]  # fmt: skip
    pick_up(a_group(block("g1")), row(wishes=("accessible!",))).refuses(ListWrong)
    pick_up(a_group(block("g1"), terms=ELASTIC), row(wishes=("accessible!",))).refuses(ListWrong)


def a_group_with_a_house(*garden: Block) -> Story:
    """Begin with an elastic group that has a house made of g1 and g2 in its block, beside rooms of its own."""
    house = Block(room_type="house", room="g1+g2", dates=DATES)
    doors = (block("g1"), block("g2"))
    opening = happened(opened_event(ELASTIC), Group.Confirmed(terms=ELASTIC))
    return estate(*opening, *nights_blocked(*doors, *garden), *happened(Group.RoomsBlocked(blocks=(house, *garden))))


def test_a_house_made_of_rooms_is_blocked_and_released_door_by_door() -> None:
    verdict = estate().when(open_group(wish(1, "house")))
    doors = (block("g1"), block("g2"))
    assert [change for change in verdict.decision.changes if change in nights_blocked(*doors)] == nights_blocked(*doors)
    released = a_group_with_a_house().when(CancelGroup(group_id=GROUP)).decision.changes
    assert [change for change in released if change in nights_freed(*doors)] == nights_freed(*doors)


def test_a_house_is_picked_up_whole_and_its_rooms_are_not_given_to_others() -> None:
    party = row("Family", 2, room_type="house", adults=5)
    changes = pick_up(a_group_with_a_house(), party).decision.changes
    booked = [change.event.room for change in changes if isinstance(change.event, RoomNight.BookingConfirmed)]
    assert booked == ["g1", "g1", "g2", "g2"]
    garden = pick_up(a_group_with_a_house(), row("Friend", 2)).decision.answer["reservations"]
    assert [each["room"] for each in garden] == ["g3"]
    pick_up(a_group_with_a_house(block("g3")), row("Friend", 2), row("Another", 3)).refuses(ListWrong)
