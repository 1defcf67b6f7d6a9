"""A property is defined as a whole, keeps what bookings rest on, and knows which party fits where."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aggregates.property import Property, Room
from ledger.refusal import Refusal
from tests.examples import HOTEL, ROOMS


def opened() -> Property:
    hotel = Property()
    hotel.apply(Property.Opened(definition=HOTEL))
    return hotel


def test_the_first_definition_opens_and_another_redefines() -> None:
    better = replace(HOTEL, tagline="Four better rooms.")
    assert Property().define(HOTEL) == [Property.Opened(definition=HOTEL)]
    assert opened().define(HOTEL) == []
    assert opened().define(better) == [Property.Redefined(definition=better)]


@pytest.mark.parametrize("field", ["code", "currency", "time_zone"])
def test_what_everything_rests_on_is_fixed(field: str) -> None:
    with pytest.raises(Property.Fixed, match=field) as fixed:
        opened().define(replace(HOTEL, **{field: "EUR"}))
    assert fixed.value.details == {"field": field}


def test_rooms_may_come_but_not_go_nor_change_type() -> None:
    more = replace(HOTEL, rooms=(*ROOMS, Room(code="g4", room_type="garden", floor=1)))
    assert opened().define(more) == [Property.Redefined(definition=more)]
    with pytest.raises(Property.RoomGone) as gone:
        opened().define(replace(HOTEL, rooms=(ROOMS[0], replace(ROOMS[1], room_type="villa"), ROOMS[3])))
    assert gone.value.details == {"rooms": ["g2", "g3"]}


def test_a_redefinition_is_in_force() -> None:
    hotel = opened()
    hotel.apply(Property.Redefined(definition=replace(HOTEL, room_types=HOTEL.room_types[:1])))
    with pytest.raises(Property.RoomTypeUnknown):
        hotel.welcome("villa", 1, 0)


@pytest.mark.parametrize(
    ("kind", "adults", "children", "refusal"),
    [
        ("garden", 1, 0, None),
        ("garden", 2, 1, None),
        ("garden", 2, 2, Property.TooManyGuests),
        ("garden", 3, 0, Property.TooManyGuests),
        ("garden", 0, 3, None),
        ("villa", 3, 1, None),
        ("villa", 4, 0, Property.TooManyGuests),
        ("cave", 1, 0, Property.RoomTypeUnknown),
    ],
)
def test_a_party_fits_or_not(kind: str, adults: int, children: int, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        assert opened().welcome(kind, adults, children).code == kind
    else:
        with pytest.raises(refusal):
            opened().welcome(kind, adults, children)


@pytest.mark.parametrize(
    ("adults", "children", "field"), [(2, 2, "children"), (3, 0, "adults"), (3, 1, "adults"), (0, 4, "children")]
)
def test_a_party_too_large_is_told_which_part_of_it_and_what_fits(adults: int, children: int, field: str) -> None:
    with pytest.raises(Property.TooManyGuests) as refused:
        opened().welcome("garden", adults, children)
    assert refused.value.details == {"field": field, "max_guests": 3, "max_adults": 2}


def test_an_unknown_room_type_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Property.RoomTypeUnknown, match=r"'cave'.* garden, villa\."):
        opened().welcome("cave", 1, 0)


def test_nobody_is_welcome_before_the_opening() -> None:
    with pytest.raises(Property.Unopened, match="seed FILE"):
        Property().welcome("garden", 1, 0)
    with pytest.raises(Property.Unopened):
        Property().opened()


def test_rooms_of_a_type_come_in_the_order_of_the_definition() -> None:
    assert HOTEL.rooms_of("garden") == ("g1", "g2", "g3")
    assert HOTEL.rooms_of("cave") == ()


def test_an_open_hotel_knows_its_rooms_by_type() -> None:
    assert (opened().rooms_of("garden"), opened().rooms_of("villa")) == (("g1", "g2", "g3"), ("v1",))
    assert (opened().rooms_of("cave"), Property().rooms_of("garden")) == ((), ())


@pytest.mark.parametrize(("room", "kind", "there"), [("g1", "garden", True), ("g1", "villa", False), ("g9", "garden", False)])
def test_a_room_is_there_and_of_its_type_or_not(room: str, kind: str, there: bool) -> None:
    assert opened().has_room(room, kind) is there
    assert Property().has_room(room, kind) is False


def test_a_hotel_that_is_not_open_has_no_doors() -> None:
    assert (opened().doors("g1"), opened().doors("g9"), Property().doors("g1")) == ([ROOMS[0]], [], [])


def test_a_redefinition_takes_the_place_of_the_rooms_before() -> None:
    hotel = opened()
    hotel.apply(Property.Redefined(definition=replace(HOTEL, rooms=(*ROOMS, Room(code="g4", room_type="garden", floor=1)))))
    assert hotel.rooms_of("garden") == ("g1", "g2", "g3", "g4")
    assert hotel.has_room("g4", "garden")


@pytest.mark.parametrize(("kind", "made_of_rooms"), [("garden", False), ("villa", True), ("cave", False)])
def test_a_type_with_a_house_of_two_rooms_is_made_of_rooms(kind: str, made_of_rooms: bool) -> None:
    hotel = opened()
    house = Room(code="g1+g2", room_type="villa", floor=0)
    hotel.apply(Property.Redefined(definition=replace(HOTEL, rooms=(*ROOMS, house))))
    assert hotel.is_made_of_rooms(kind) is made_of_rooms
    assert hotel.doors("g1+g2") == [ROOMS[0], ROOMS[1]]
    assert opened().is_made_of_rooms(kind) is False
