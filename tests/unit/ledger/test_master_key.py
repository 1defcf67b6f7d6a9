"""Master keys are told apart, change without a guest noticing, and outlive nothing that links and indexes rest on."""

from __future__ import annotations

import hmac
import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from ledger import keys_root
from ledger.keys import GuestKey, GuestKeys, MasterKey, MasterKeys, MasterKeyWrong, new_guest_key
from ledger.keys_root import begin_anew, rotate
from ledger.sealing import NONCE_BYTES
from tests.examples import NOW, named

OLD, NEW = MasterKey(bytes(range(32))), MasterKey(bytes(range(1, 33)))
RESERVATION = named("reservation")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


def some_keys(keys: GuestKeys, number: int = 5) -> list[GuestKey]:
    kept = [new_guest_key(named(f"key {each}")) for each in range(number)]
    keys.keep(kept)
    return kept


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_master_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        MasterKey.from_text(b64encode(bytes(length)).decode())


def test_a_generated_master_key_is_read_and_is_new_each_time() -> None:
    text = MasterKey.generate()
    assert MasterKey.from_text(text).key_id == MasterKey.from_text(text).key_id
    assert MasterKey.from_text(text).derive("a") != MasterKey.from_text(text).derive("b")
    assert MasterKey.generate() != text


def test_secrets_wrapped_together_open_one_by_one_and_share_no_nonce() -> None:
    secrets = [(bytes([number]) * 32, b"bound to %d" % number) for number in range(3)]
    wrapped = OLD.wrap_all(secrets)
    for box, (secret, bound) in zip(wrapped, secrets, strict=True):
        assert OLD.unwrap(box, bound) == secret
    assert len({box[:NONCE_BYTES] for box in wrapped}) == 3
    with pytest.raises(MasterKeyWrong):
        OLD.unwrap(wrapped[0], secrets[1][1])


def test_a_master_key_that_just_changed_is_looked_for(path: Path) -> None:
    at_hand = [OLD]
    keys = GuestKeys(path, MasterKeys(lambda: at_hand))
    kept = some_keys(keys)
    rotate(keys.file, MasterKeys.of(OLD, NEW), NEW, lambda _: None)
    with pytest.raises(MasterKeyWrong, match=NEW.key_id):
        keys.find(kept[0].key_id)
    at_hand[:] = [NEW]
    assert keys.find(kept[0].key_id) == kept[0]


def test_rotation_wraps_everything_anew_and_changes_nothing_else(path: Path) -> None:
    keys = GuestKeys(path, MasterKeys.of(OLD, NEW))
    kept = some_keys(keys)
    keys.erase(kept[1].key_id, NOW, address="nimali@example.com")
    links = keys.derive("links")
    done: list[int] = []
    assert rotate(keys.file, keys.masters, NEW, done.append).rewrapped == 5
    assert done[-1] == 5
    after = GuestKeys(path, NEW)
    assert after.derive("links") == links, "links in mails must outlive the master key"
    assert [after.find(key.key_id) for key in kept if key is not kept[1]] == [key for key in kept if key is not kept[1]]
    erased = after.find(kept[1].key_id)
    assert erased is not None
    assert erased.profile is None
    assert after.address_of_leaving(kept[1].key_id) == "nimali@example.com"
    with pytest.raises(MasterKeyWrong):
        GuestKeys(path, OLD).find(kept[0].key_id)


def test_new_keys_follow_as_soon_as_a_rotation_has_begun(path: Path) -> None:
    both = GuestKeys(path, MasterKeys.of(OLD, NEW))
    some_keys(both)
    rotate(both.file, both.masters, NEW, lambda _: None)
    late = new_guest_key(named("late"))
    both.keep([late])
    assert GuestKeys(path, NEW).find(late.key_id) == late
    with pytest.raises(MasterKeyWrong):
        GuestKeys(path, OLD).keep([new_guest_key(named("too late"))])


def test_a_rotation_that_was_killed_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = GuestKeys(path, MasterKeys.of(OLD, NEW))
    kept = some_keys(keys, 25)
    monkeypatch.setattr(keys_root, "CHUNK", 10)

    def die(done: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(keys.file, keys.masters, NEW, die)
    assert [keys.find(key.key_id) for key in kept] == kept, "both are readable in the middle of it"
    assert rotate(keys.file, keys.masters, NEW, lambda _: None).rewrapped == 15
    assert [GuestKeys(path, NEW).find(key.key_id) for key in kept] == kept


def test_after_a_lost_master_key_new_guests_are_welcome(path: Path) -> None:
    kept = some_keys(GuestKeys(path, OLD))
    keys = GuestKeys(path, NEW)
    begin_anew(keys.file, keys.masters, NEW)
    new = new_guest_key(named("new"))
    keys.keep([new])
    assert keys.find(new.key_id) == new
    with pytest.raises(MasterKeyWrong):
        keys.find(kept[0].key_id)
    assert rotate(keys.file, keys.masters, NEW, lambda _: None).foreign == 5


def test_nothing_begins_anew_while_the_old_master_key_is_there(path: Path) -> None:
    keys = GuestKeys(path, OLD)
    with pytest.raises(ValueError, match="rotate it instead"):
        begin_anew(keys.file, keys.masters, NEW)


def test_a_store_of_an_earlier_release_is_taken_over(path: Path) -> None:
    key = new_guest_key(named("key"))
    assert key.profile is not None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE guest_key (key_id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID")
        connection.execute("INSERT INTO guest_key VALUES (?, ?)", [key.key_id.bytes, OLD.wrap(key.profile, key.key_id.bytes)])
    with pytest.raises(MasterKeyWrong):
        GuestKeys(path, NEW)
    taken = GuestKeys(path, OLD)
    found = taken.find(key.key_id)
    assert found is not None
    assert (found.profile, found.fiscal) == (key.profile, None)
    assert taken.derive("links") == OLD.derive("links"), "links of the earlier release must go on working"


@pytest.mark.parametrize("purpose", ["links", "key id", ""])
def test_a_derived_secret_is_the_one_of_the_standard(purpose: str) -> None:
    """RFC 5869 without a salt, and one block of output: HMAC of the purpose under HMAC of the secret under zeros."""
    extracted = hmac.digest(bytes(32), OLD.secret, "sha256")
    assert OLD.derive(purpose) == hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def test_a_master_keys_id_never_changes() -> None:
    """Stores name the master key that wraps their keys: with another id no release could open them."""
    made = MasterKey(bytes(range(32)))
    assert made.key_id == made.derive("key id")[:8].hex()
    assert len(made.key_id) == 16


def test_letters_that_are_not_base64_are_no_part_of_a_master_key() -> None:
    text = MasterKey.generate()
    with pytest.raises(ValueError, match="base64"):
        MasterKey.from_text(f"{text[:4]}!{text[4:]}")


@pytest.mark.parametrize("left", ["profile", "fiscal"])
def test_rotation_reaches_a_guest_of_whom_one_key_is_left(path: Path, left: str) -> None:
    keys = GuestKeys(path, MasterKeys.of(OLD, NEW))
    key = some_keys(keys, 1)[0]
    if left == "profile":
        keys.destroy_fiscal([key.key_id], NOW)
    else:
        keys.erase(key.key_id, NOW)
    rotate(keys.file, keys.masters, NEW, lambda _: None)
    found = GuestKeys(path, NEW).find(key.key_id)
    assert found is not None
    assert (found.profile, found.fiscal) == ((key.profile, None) if left == "profile" else (None, key.fiscal))


def test_a_guests_two_keys_cannot_stand_in_for_each_other(path: Path) -> None:
    keys = GuestKeys(path, OLD)
    key = some_keys(keys, 1)[0]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE guest SET profile = fiscal, fiscal = profile")
    with pytest.raises(MasterKeyWrong):
        keys.find(key.key_id)
