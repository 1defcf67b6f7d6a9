"""What people type: no field of any command takes control characters, and only free text takes line breaks and tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from commands.add_note import AddNote
from commands.block_rooms import BlockRooms
from commands.confirm_reservation import ConfirmReservation
from commands.hold_stay import GuestDetails
from commands.join_waitlist import JoinWaitlist
from commands.name_guests import NameGuests
from commands.open_group import OpenGroup
from commands.rooming_list import COLUMNS, ListWrong, RoomingRow, read_list
from commands.walk_in import WalkIn
from ledger.command import Command
from tests.examples import ARRIVAL, GUEST, hold_stay, named

PERSON = GUEST.model_dump()
OF_A_STAY: dict[str, Any] = {"reservation_id": named("r"), "stay_id": named("s")}
WANTED: dict[str, Any] = {"room_type": "garden", "arrival": ARRIVAL.isoformat(), "departure": "2126-03-12"}
LINES: dict[str, Callable[[str], Any]] = {
    "name": lambda typed: GuestDetails.model_validate({**PERSON, "name": typed}),
    "email": lambda typed: GuestDetails.model_validate({**PERSON, "email": typed.replace(" ", "") + "@example.com"}),
    "phone": lambda typed: GuestDetails.model_validate({**PERSON, "phone": typed}),
    "country": lambda typed: GuestDetails.model_validate({**PERSON, "country": typed}),
    "of a walk-in": lambda typed: WalkIn.model_validate({**hold_stay().model_dump(), "guest": {**PERSON, "name": typed}}),
    "of the waitlist": lambda typed: JoinWaitlist.model_validate(
        {**WANTED, "rate_plan": "flexible", "guest": {**PERSON, "name": typed}}
    ),
    "of a group's guest": lambda typed: RoomingRow.model_validate({**WANTED, "guest": {**PERSON, "name": typed}}),
    "of a group": lambda typed: OpenGroup(name=typed, rate_plan="flexible", cutoff=ARRIVAL, elastic=True),
    "of the party": lambda typed: NameGuests.model_validate({**OF_A_STAY, "guests": [{"name": typed}]}),
    "where the party comes from": lambda typed: NameGuests.model_validate(
        {**OF_A_STAY, "guests": [{"name": "Sam", "country": typed}]}
    ),
    "of a guarantee": lambda typed: ConfirmReservation(reservation_id=named("r"), guarantee=typed),
    "about a block": lambda typed: BlockRooms(rooms=("g1",), first_night=ARRIVAL, last_night=ARRIVAL, note=typed),
}
TEXTS: dict[str, Callable[[str], Any]] = {
    "requests": lambda typed: GuestDetails.model_validate({**PERSON, "requests": typed}).requests,
    "note": lambda typed: AddNote(reservation_id=named("r"), note=typed).note,
}
EVERYWHERE = ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x80", "\x9f", "\u2028"]
BREAKS = ["\t", "\n", "\r\n"]


@pytest.mark.parametrize("control", [*EVERYWHERE, *BREAKS, "\r"])
@pytest.mark.parametrize("field", LINES)
def test_a_line_has_no_control_characters(field: str, control: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        LINES[field](f"Sam{control}a")
    assert wrong.value.errors()[0]["type"] in {"control_character", "value_error"}


@pytest.mark.parametrize("field", sorted(LINES.keys() - {"email"}))
@pytest.mark.parametrize("typed", ["Sam Perera", "Nimal d'Été-Ōe", "සුනිල්", "李小龍", "~ \u00a0 \u00a1"])
def test_every_other_character_is_taken(field: str, typed: str) -> None:
    assert isinstance(LINES[field](typed), Command | GuestDetails | RoomingRow)


@pytest.mark.parametrize("control", [*EVERYWHERE, "\r"])
@pytest.mark.parametrize("field", TEXTS)
def test_a_text_has_no_control_characters_but_breaks_and_tabs(field: str, control: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TEXTS[field](f"a cot{control}please")
    (problem,) = wrong.value.errors()
    assert problem["loc"][-1] == field
    assert problem["msg"].startswith("Control characters other than line breaks and tabs")


@pytest.mark.parametrize("control", BREAKS)
@pytest.mark.parametrize("field", TEXTS)
def test_a_text_keeps_its_breaks_written_in_one_way(field: str, control: str) -> None:
    assert TEXTS[field](f"a cot{control}please{control}") == f"a cot{control.removeprefix(chr(13))}please"


def test_a_browsers_line_break_counts_as_one_character() -> None:
    assert len(TEXTS["requests"]("a\r\n" * 499 + "bc")) == 1000


def test_a_rooming_list_names_the_line_and_the_field() -> None:
    row = "garden,2126-03-10,2126-03-12,2,1,Ruwan\x00Silva,ruwan@example.com,"
    with pytest.raises(ListWrong, match="line 2, name: control characters and line breaks cannot be part of it"):
        read_list(f"{','.join(COLUMNS)}\n{row}\n")
