"""Property: a hotel's rooms, room types, time zone and currency, defined as a whole and redefined as a whole."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from ledger.event import Event
from ledger.ids import doors_of
from ledger.refusal import Refusal

Feature = Literal["accessible", "bed-twin", "bed-double"]


class RoomType(Struct, frozen=True, kw_only=True):
    """A kind of room as guests choose it. `picture` is a path below the site's static files.

    `made_of`: it is one house made of these rooms, which are sold one by one, too; it has no room of its own.
    """

    code: str
    name: str
    short: str
    description: str
    picture: str
    view: str
    beds: str
    size_m2: int
    max_adults: int
    max_guests: int
    amenities: tuple[str, ...]
    made_of: tuple[str, ...] = ()


class Room(Struct, frozen=True, kw_only=True):
    """A physical room. `connects` are the rooms behind its inner doors, `features` what guests may wish for."""

    code: str
    room_type: str
    floor: int
    note: str = ""
    connects: tuple[str, ...] = ()
    features: tuple[Feature, ...] = ()


class Definition(Struct, frozen=True, kw_only=True):
    """Everything fixed about a property. Times of day are hotel time, HH:MM; the time zone is an IANA name."""

    code: str
    name: str
    tagline: str
    time_zone: str
    currency: str
    check_in_time: str
    check_out_time: str
    address: str
    phone: str
    email: str
    room_types: tuple[RoomType, ...]
    rooms: tuple[Room, ...]

    def rooms_of(self, room_type: str) -> tuple[str, ...]:
        """List the codes of a type's rooms, in the order of the definition; a type made of rooms has one, named by them all."""
        whole = ("+".join(kind.made_of) for kind in self.room_types if kind.code == room_type and kind.made_of)
        return (*(room.code for room in self.rooms if room.room_type == room_type), *whole)


class Property:
    """A hotel."""

    class Opened(Event, frozen=True):
        """The property exists from now on."""

        topic: ClassVar[str] = "property.opened.v1"
        definition: Definition

    class Redefined(Event, frozen=True):
        """The property's definition is another one from now on."""

        topic: ClassVar[str] = "property.redefined.v1"
        definition: Definition

    class Unopened(Refusal):
        code = "property.unopened"

    class RoomTypeUnknown(Refusal):
        code = "property.room_type_unknown"
        field = "room_type"

    class TooManyGuests(Refusal):
        code = "property.too_many_guests"

    class RoomGone(Refusal):
        code = "property.room_gone"
        field = "rooms"

    class Fixed(Refusal):
        code = "property.fixed"

    def __init__(self) -> None:
        self.definition: Definition | None = None
        self._types: dict[str, RoomType] = {}
        self._rooms: dict[str, tuple[str, ...]] = {}
        self._type_of: dict[str, str] = {}
        self._doors: dict[str, Room] = {}

    def opened(self) -> Definition:
        """Give the definition in force. Raises Unopened."""
        if self.definition is None:
            raise Property.Unopened("This property is not open: run `nightledger seed FILE` with its definition first.")
        return self.definition

    def rooms_of(self, room_type: str) -> tuple[str, ...]:
        """List the codes of a type's rooms, in the order of the definition; none for an unknown type."""
        return self._rooms.get(room_type, ())

    def has_room(self, room: str, room_type: str) -> bool:
        """Tell whether a room is there and of this type."""
        return self._type_of.get(room) == room_type

    def type_of(self, room: str) -> str | None:
        """Give the type of a room, None when there is no such room."""
        return self._type_of.get(room)

    def is_made_of_rooms(self, room_type: str) -> bool:
        """Tell whether a type is a house made of rooms."""
        return any(len(doors_of(room)) > 1 for room in self.rooms_of(room_type))

    def doors(self, room: str) -> list[Room]:
        """Give the physical rooms that a room is, in order: one, or those that a house is made of."""
        return [self._doors[door] for door in doors_of(room) if door in self._doors]

    def define(self, definition: Definition) -> list[Event]:
        """Open the property, redefine it, or do nothing when nothing changes. Raises Fixed, RoomGone."""
        before = self.definition
        if before is None:
            return [Property.Opened(definition=definition)]
        if before == definition:
            return []
        for name in ("code", "currency", "time_zone"):
            if getattr(before, name) != getattr(definition, name):
                raise Property.Fixed(
                    f"{name} is {getattr(before, name)} since the property opened and cannot change to"
                    f" {getattr(definition, name)}: open another property instead.",
                    field=name,
                )
        kinds = {room.code: room.room_type for room in definition.rooms}
        gone = [room.code for room in before.rooms if kinds.get(room.code) != room.room_type]
        if gone:
            raise Property.RoomGone(
                f"Rooms {', '.join(gone)} may hold reservations and cannot be dropped or change type: keep them in the file.",
                rooms=gone,
            )
        return [Property.Redefined(definition=definition)]

    def welcome(self, room_type: str, adults: int, children: int) -> RoomType:
        """Give the room type when it takes this party. Raises Unopened, RoomTypeUnknown, TooManyGuests."""
        self.opened()
        found = self._types.get(room_type)
        if found is None:
            known = ", ".join(sorted(self._types))
            raise Property.RoomTypeUnknown(f"There is no room type {room_type!r}: choose one of {known}.")
        if adults > found.max_adults or adults + children > found.max_guests:
            raise Property.TooManyGuests(
                f"{found.name} sleeps at most {found.max_guests} guests, {found.max_adults} of them adults:"
                " choose a larger room type or book more rooms.",
                field="adults" if adults > found.max_adults else "children",
                max_guests=found.max_guests,
                max_adults=found.max_adults,
            )
        return found

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Property.Opened(definition=definition) | Property.Redefined(definition=definition):
                self.definition = definition
                self._types = {kind.code: kind for kind in definition.room_types}
                self._rooms = {kind.code: definition.rooms_of(kind.code) for kind in definition.room_types}
                self._type_of = {room: kind for kind, rooms in self._rooms.items() for room in rooms}
                self._doors = {room.code: room for room in definition.rooms}
