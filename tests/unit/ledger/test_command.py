"""Envelopes know their command; the fingerprint is of the content alone."""

from __future__ import annotations

import pytest

from commands.expire_hold import ExpireHold
from commands.hold_stay import HoldStay
from ledger.command import FINGERPRINT_BYTES, Command, fingerprinter
from tests.examples import hold_stay, minutes, named
from tests.reception import envelope

EXPIRE = ExpireHold(reservation_id=named("r"))


def test_an_envelope_gives_its_command_to_the_right_handler_only() -> None:
    assert envelope(EXPIRE).asks(ExpireHold) == EXPIRE
    with pytest.raises(TypeError, match="decides HoldStay, not ExpireHold"):
        envelope(EXPIRE).asks(HoldStay)


def test_the_same_content_has_the_same_fingerprint_whenever_and_however_advised() -> None:
    early, late = envelope(hold_stay()), envelope(hold_stay(), at=minutes(60), rooms=("g3",))
    assert early.fingerprint == late.fingerprint
    assert len(early.fingerprint) == FINGERPRINT_BYTES


def test_other_content_command_or_secret_has_another() -> None:
    mark = fingerprinter(b"secret")
    marks = [mark(hold_stay()), mark(hold_stay(adults=1)), mark(EXPIRE), fingerprinter(b"other")(hold_stay())]
    assert len(set(marks)) == len(marks)


def test_two_commands_of_the_same_content_are_not_the_same() -> None:
    class OpenDoor(Command):
        door: int

    class CloseDoor(Command):
        door: int

    mark = fingerprinter(b"secret")
    assert mark(OpenDoor(door=1)) == mark(OpenDoor(door=1))
    assert mark(OpenDoor(door=1)) != mark(CloseDoor(door=1))


def test_a_fingerprint_shows_nobody() -> None:
    assert b"nimali" not in fingerprinter(b"secret")(hold_stay()).lower()
