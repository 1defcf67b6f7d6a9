"""What readers get of notes and names, whose keys may be those of two profiles of the same person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from aggregates.reservation import Reservation
from commands.private_fields import seal_field
from ledger.event import Event, Recorded
from ledger.keys import GuestKeys, MasterKey, new_guest_key
from projections.reservation_document import ReservationDocument, fold
from queries.reservations import ReservationFound, ReservationQuery
from tests.examples import NOW, held_event, named, stay

R, COMMAND, STAY = named("r"), named("note"), stay("r").stay_id
OWN, OTHER = new_guest_key(named("own")), new_guest_key(named("other"))
NAMES = [{"name": "Sam Perera", "country": "LK"}]


def added(key: Any, field: str, value: object) -> Any:
    """Seal a field as the dispatch does for a command."""
    return seal_field(key, R, COMMAND, field, value)


def document() -> ReservationDocument:
    """Give a reservation with a note under each of two keys, and names under the second."""
    held = replace(held_event("r", (stay("r"),)), guest=OWN.seal({"name": "Nimali"}, R, 1, "guest"))
    events: list[Event] = [
        held,
        Reservation.Noted(stay_id=None, note=added(OWN, "note", {"text": "came by bus"})),
        Reservation.Noted(stay_id=STAY, note=added(OTHER, "note", {"text": "likes it quiet"})),
        Reservation.GuestsNamed(stay_id=STAY, guests=added(OTHER, "guests", NAMES)),
    ]
    documents: dict[UUID, ReservationDocument] = {}
    for place, event in enumerate(events, 1):
        of = {"position": place, "version": place, "occurred_at": NOW, "recorded_at": NOW}
        fold(documents, Recorded(stream=R, event=event, command_id=COMMAND, actor="guest", **of))  # type: ignore[arg-type]  # as the names say
    return documents[R]


def opened(keys: GuestKeys) -> ReservationFound:
    """Open the reservation as readers see it, without servers."""
    query = ReservationQuery(None, None, keys, None)  # type: ignore[arg-type]  # nothing is read from them here
    return asyncio.run(query._opened(R, document(), 4))


def test_notes_and_names_are_told_in_the_clear(tmp_path: Path) -> None:
    keys = GuestKeys(tmp_path / "keys.sqlite", MasterKey(bytes(range(32))))
    keys.keep([OWN, OTHER])
    found = opened(keys)
    assert [(note.text, note.stay_id, note.actor) for note in found.notes] == [
        ("came by bus", None, "guest"), ("likes it quiet", STAY, "guest"),
    ]  # fmt: skip
    assert found.named == {STAY: NAMES}


def test_what_was_written_under_a_key_that_is_gone_is_left_out(tmp_path: Path) -> None:
    keys = GuestKeys(tmp_path / "keys.sqlite", MasterKey(bytes(range(32))))
    keys.keep([OWN, OTHER])
    keys.erase(OTHER.key_id, NOW)
    found = opened(keys)
    assert [note.text for note in found.notes] == ["came by bus"]
    assert found.named == {STAY: []}
    assert found.guest == {"name": "Nimali"}
