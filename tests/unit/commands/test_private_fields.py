"""Notes, names of the party, merged guests: what is written, under what it is sealed, and when it is refused."""

from __future__ import annotations

from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from msgspec.structs import replace
from pydantic import ValidationError

from aggregates.reservation import Reservation
from commands.add_note import AddNote
from commands.merge_guests import MergeGuests
from commands.name_guests import NamedGuest, NameGuests
from commands.private_fields import GuestForgotten, seal_field
from commands.typed_text import LONGEST_NOTE
from ledger.command import Change
from ledger.keys import Sealed, new_guest_key
from ledger.sealing import NO_VERSION, added_by
from tests.examples import OPENED, SEALED, confirmed, held, held_event, named, stay
from tests.spec import given

R, OTHER = named("r"), named("other")
STAY = stay("r").stay_id
BOX = Sealed(named("guest key"), b"a box")
NOTE = AddNote(reservation_id=R, note="Allergic to nuts.")
NAMES = NameGuests(reservation_id=R, stay_id=STAY, guests=(NamedGuest(name="Nimali Perera"), NamedGuest(name="Ravi Perera")))
BOOKED = (*OPENED, *held("r"), *confirmed("r"))
ERASED = Change(R, Reservation.GuestErased(guest_id=SEALED.key_id))


def somebody(name: str) -> list[Change]:
    """Tell that a reservation is held for somebody with a key of their own."""
    event = held_event(name, (stay(name, "g2"),))
    return [Change(named(name), replace(event, guest=Sealed(named(f"{name} key"), b"box")))]


@pytest.mark.parametrize("stay_id", [None, STAY])
def test_a_note_is_written_sealed(stay_id: UUID | None) -> None:
    command = NOTE.model_copy(update={"stay_id": stay_id})
    noted = Change(R, Reservation.Noted(stay_id=stay_id, note=BOX))
    given(*BOOKED).when(command, sealed={"note": BOX}).then(noted).answers(reservation_id=str(R))


def test_a_note_is_refused_in_this_order() -> None:
    wrong = NOTE.model_copy(update={"stay_id": named("nobody"), "expected_version": 1})
    given(*OPENED).when(wrong, sealed={}).refuses(Reservation.Unknown)
    given(*BOOKED, ERASED).when(wrong, sealed={}).refuses(Reservation.StayUnknown)
    late = NOTE.model_copy(update={"expected_version": 1})
    given(*BOOKED, ERASED).when(late, sealed={}).refuses(Reservation.ChangedSince, version=3)
    given(*BOOKED).when(NOTE, sealed={}).refuses(GuestForgotten)
    given(*BOOKED, ERASED).when(NOTE, sealed={"note": BOX}).refuses(GuestForgotten)


@pytest.mark.parametrize(
    ("note", "fits"), [("", False), ("  ", False), ("n" * LONGEST_NOTE, True), ("n" * (LONGEST_NOTE + 1), False)]
)
def test_a_note_has_a_length(note: str, fits: bool) -> None:
    content = {"reservation_id": R, "note": note}
    if fits:
        assert AddNote.model_validate(content).note == note
    else:
        with pytest.raises(ValidationError, match="note"):
            AddNote.model_validate(content)


def test_a_party_is_named() -> None:
    named_now = Change(R, Reservation.GuestsNamed(stay_id=STAY, guests=BOX))
    given(*BOOKED).when(NAMES, sealed={"guests": BOX}).then(named_now)


def test_a_party_is_refused_in_this_order() -> None:
    three = NAMES.model_copy(update={"guests": (NamedGuest(name="A"),) * 3, "expected_version": 1})
    given(*OPENED).when(three, sealed={}).refuses(Reservation.Unknown)
    elsewhere = three.model_copy(update={"stay_id": named("nobody")})
    given(*BOOKED).when(elsewhere, sealed={}).refuses(Reservation.StayUnknown)
    given(*BOOKED).when(three, sealed={}).refuses(Reservation.ChangedSince)
    now = three.model_copy(update={"expected_version": None})
    given(*BOOKED).when(now, sealed={}).refuses(NameGuests.TooMany, booked=2)
    given(*BOOKED).when(NAMES, sealed={}).refuses(GuestForgotten)


def test_guests_are_merged_once() -> None:
    merge = MergeGuests(reservation_id=R, into=OTHER)
    story = (*BOOKED, *somebody("other"))
    merged = Change(R, Reservation.MergedGuest(guest_id=SEALED.key_id, into=named("other key")))
    given(*story).when(merge).then(merged).answers(guest_id=str(named("other key")))
    given(*story, merged).when(merge).refuses(MergeGuests.SamePerson)
    back = MergeGuests(reservation_id=OTHER, into=R)
    given(*story, merged).when(back).refuses(MergeGuests.SamePerson)


def test_a_forgotten_guest_is_merged_with_nobody() -> None:
    story = given(*BOOKED, *somebody("other"), ERASED)
    story.when(MergeGuests(reservation_id=R, into=OTHER)).refuses(GuestForgotten)
    story.when(MergeGuests(reservation_id=OTHER, into=R)).refuses(GuestForgotten)
    story.when(MergeGuests(reservation_id=OTHER, into=named("nobody"))).refuses(Reservation.Unknown)


def test_a_merged_guest_is_still_erased_by_their_own_key() -> None:
    reservation = Reservation()
    for change in (*held("r"), Change(R, Reservation.MergedGuest(guest_id=SEALED.key_id, into=named("other key")))):
        if change.stream == R:
            reservation.apply(change.event)
    assert (reservation.guest_id, reservation.person) == (SEALED.key_id, named("other key"))


def test_a_box_opens_for_its_own_command_alone() -> None:
    key = new_guest_key(named("key"))
    box = seal_field(key, R, named("one"), "note", {"text": "nuts"})
    assert key.open(box, R, NO_VERSION, added_by(named("one"), "note")) == {"text": "nuts"}
    for stream, command, field in ((OTHER, "one", "note"), (R, "another", "note"), (R, "one", "guests")):
        with pytest.raises(InvalidTag):
            key.open(box, stream, NO_VERSION, added_by(named(command), field))
