"""The erasure list outlives the keys store: whatever copy of the store is brought back, listed keys are destroyed in it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from ledger.erasures import Erasure, apply_erasures, list_beside, note, read_erasures
from ledger.keys import GuestKeys, MasterKey, new_guest_key
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
