"""The erasure list outlives the keys store: whatever copy of the store is brought back, listed keys are destroyed in it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from ledger.erasures import Erasure, apply_erasures, catch_up, list_beside, note, read_erasures
from ledger.keys import GuestKeys, MasterKey, new_guest_key
from ledger.keys_file import KeysFile
from tests.examples import NOW, named

MASTER = MasterKey(bytes(range(32)))
GONE = Erasure(NOW, "profile", named("gone"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


def test_what_is_noted_is_read_in_order(tmp_path: Path) -> None:
    listed = tmp_path / "keys.erasures"
    assert read_erasures(listed) == ([], 0)
    other = Erasure(NOW, "fiscal", named("other"))
    note(listed, [GONE])
    _, end = read_erasures(listed)
    note(listed, [other, GONE])
    assert read_erasures(listed)[0] == [GONE, other, GONE]
    assert read_erasures(listed, end)[0] == [other, GONE]
    assert listed.stat().st_mode & 0o777 == 0o600


def test_a_torn_line_is_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listed = tmp_path / "keys.erasures"
    note(listed, [GONE])
    with listed.open("ab") as file:
        file.write(b"2126-03-01T08:00:00+00:00 prof")
    assert read_erasures(listed)[0] == [GONE], "an unfinished line is not there yet"
    note(listed, [GONE])
    with caplog.at_level(logging.WARNING):
        assert read_erasures(listed)[0] == [GONE, GONE]
    assert "torn line" in caplog.text


def test_a_restored_store_forgets_what_the_list_names(path: Path, tmp_path: Path) -> None:
    keys = GuestKeys(path, MASTER)
    gone, stays = new_guest_key(named("gone")), new_guest_key(named("stays"))
    keys.keep([gone, stays])
    keys.file.scrub()
    copy = tmp_path / "elsewhere" / "restored.sqlite"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    keys.erase(gone.key_id, NOW, fiscal=True)
    assert GuestKeys(copy, MASTER).find(gone.key_id) == gone, "the copy must hold the key, or this test shows nothing"
    assert apply_erasures(copy, list_beside(path)) == 2
    restored = GuestKeys(copy, MASTER)
    assert restored.find(gone.key_id) is None
    assert restored.find(stays.key_id) == stays
    restored.keep([gone])
    assert restored.find(gone.key_id) is None
    assert apply_erasures(copy, list_beside(path)) == 0


def test_a_list_that_grew_elsewhere_is_applied_when_the_store_is_opened(path: Path) -> None:
    keys = GuestKeys(path, MASTER)
    key = new_guest_key(named("gone"))
    keys.keep([key])
    note(list_beside(path), [GONE])
    left = GuestKeys(path, MASTER).find(key.key_id)
    assert left is not None
    assert (left.profile, left.fiscal) == (None, key.fiscal)


def test_without_a_list_nothing_is_destroyed(path: Path) -> None:
    keys = GuestKeys(path, MASTER)
    keys.keep([new_guest_key(named("key"))])
    assert apply_erasures(path) == 0


def test_the_list_stands_beside_the_store_under_its_name(tmp_path: Path) -> None:
    assert list_beside(tmp_path / "keys.sqlite") == tmp_path / "keys.erasures"


LINE = f"2126-03-01T08:00:00+00:00 profile {GONE.key_id}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{LINE}\n"),
        (f"{LINE}\n", f"{LINE}\n{LINE}\n"),
        ("x", f"x\n{LINE}\n"),
        (f"{LINE}\nxy", f"{LINE}\nxy\n{LINE}\n"),
    ],
)
def test_a_line_begins_on_a_line_of_its_own(tmp_path: Path, before: str, after: str) -> None:
    listed = tmp_path / "keys.erasures"
    listed.write_text(before)
    note(listed, [GONE])
    assert listed.read_text() == after


def test_the_list_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    listed = tmp_path / "keys.erasures"
    note(listed, [GONE])
    whole = listed.stat().st_size
    with listed.open("ab") as file:
        file.write(b"2126")
    assert read_erasures(listed) == ([GONE], whole)
    assert read_erasures(listed, whole) == ([], whole)


def test_bytes_that_are_no_letters_are_a_torn_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listed = tmp_path / "keys.erasures"
    listed.write_bytes(b"\xff\xfe\n")
    note(listed, [GONE])
    assert read_erasures(listed)[0] == [GONE]
    assert "torn line" in caplog.text


def test_a_store_catches_up_with_what_is_new_on_the_list(path: Path, tmp_path: Path) -> None:
    listed = tmp_path / "other.erasures"
    file = KeysFile(path)

    def caught_up() -> tuple[bool, set[bytes]]:
        with file.writing() as connection:
            named_any = catch_up(connection, listed)
            return named_any, {key_id for (key_id,) in connection.execute("SELECT key_id FROM guest")}

    assert caught_up() == (False, set())
    note(listed, [GONE])
    assert caught_up() == (True, {GONE.key_id.bytes})
    assert caught_up() == (False, {GONE.key_id.bytes})
    # What was applied is not looked at again: only what was added counts.
    later, never = (Erasure(NOW, "profile", named(name)) for name in ("later", "never"))
    listed.unlink()
    note(listed, [never, later])
    assert caught_up() == (True, {GONE.key_id.bytes, later.key_id.bytes})
