"""Personal fields open with the right keys in the right place, and with nothing else."""

from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from msgspec.structs import replace

from ledger.keys import GuestKeys, MasterKey, MasterKeyWrong, blind_index, new_guest_key
from tests.examples import named

RESERVATION = named("reservation")
NIMALI = {"name": "Nimali Perera", "email": "nimali@example.com"}


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


@pytest.fixture
def keys(path: Path, master: MasterKey) -> GuestKeys:
    return GuestKeys(path, master)


def test_what_was_sealed_opens_again(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    assert keys.read(key.seal(NIMALI, RESERVATION, 1, "guest"), RESERVATION, 1, "guest") == NIMALI


def test_the_box_shows_nothing(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    first, second = (key.seal(NIMALI, RESERVATION, 1, "guest") for _ in range(2))
    assert b"Nimali" not in first.box
    assert first.box != second.box, "the same words sealed twice must not look the same"


def test_keys_stay_after_a_restart(path: Path, master: MasterKey) -> None:
    key = new_guest_key(named("key"))
    GuestKeys(path, master).keep([key])
    assert GuestKeys(path, master).find(key.key_id) == key


def test_the_store_is_private_and_wrapped(path: Path, keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert key.key_id.bytes in stored
    assert key.secret not in stored


def test_a_key_that_is_kept_is_not_replaced(keys: GuestKeys) -> None:
    first, second = new_guest_key(named("key")), new_guest_key(named("key"))
    keys.keep([first])
    keys.keep([second])
    assert keys.find(named("key")) == first


def test_a_destroyed_key_leaves_nothing_to_read(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    assert keys.find(key.key_id) is None
    assert keys.read(key.seal(NIMALI, RESERVATION, 1, "guest"), RESERVATION, 1, "guest") is None


def test_another_master_key_says_so(path: Path, keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    with pytest.raises(MasterKeyWrong, match="MASTER_KEY"):
        GuestKeys(path, MasterKey(bytes(32))).find(key.key_id)


def test_a_wrapped_key_belongs_to_its_guest(master: MasterKey) -> None:
    key = new_guest_key(named("key"))
    assert master.unwrap(key.key_id, master.wrap(key)) == key
    with pytest.raises(MasterKeyWrong):
        master.unwrap(named("another guest"), master.wrap(key))


@pytest.mark.parametrize(
    ("stream", "version", "field"),
    [(named("another"), 1, "guest"), (RESERVATION, 2, "guest"), (RESERVATION, 1, "requests")],
)
def test_a_box_moved_elsewhere_does_not_open(keys: GuestKeys, stream: object, version: int, field: str) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    with pytest.raises(InvalidTag):
        keys.read(key.seal(NIMALI, RESERVATION, 1, "guest"), stream, version, field)  # type: ignore[arg-type]  # ids above


def test_a_changed_box_and_a_swapped_key_do_not_open(keys: GuestKeys) -> None:
    key, other = new_guest_key(named("key")), new_guest_key(named("other"))
    keys.keep([key, other])
    sealed = key.seal(NIMALI, RESERVATION, 1, "guest")
    for forged in (
        replace(sealed, box=sealed.box[:-1] + bytes([sealed.box[-1] ^ 1])),
        replace(sealed, box=bytes([sealed.box[0] ^ 1]) + sealed.box[1:]),
        replace(sealed, key_id=other.key_id),
    ):
        with pytest.raises(InvalidTag):
            keys.read(forged, RESERVATION, 1, "guest")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_master_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        MasterKey.from_text(b64encode(bytes(length)).decode())


def test_a_generated_master_key_is_read_and_is_new_each_time() -> None:
    text = MasterKey.generate()
    assert MasterKey.from_text(text).derive("a") == MasterKey.from_text(text).derive("a")
    assert MasterKey.from_text(text).derive("a") != MasterKey.from_text(text).derive("b")
    assert MasterKey.generate() != text


def test_a_blind_index_knows_the_same_person_for_a_day() -> None:
    index = blind_index(b"secret", "email", "2126-03-01", "Nimali@Example.com ")
    assert index == blind_index(b"secret", "email", "2126-03-01", "nimali@example.com")
    assert index != blind_index(b"secret", "email", "2126-03-02", "nimali@example.com")
    assert index != blind_index(b"secret", "address", "2126-03-01", "nimali@example.com")
    assert index != blind_index(b"other", "email", "2126-03-01", "nimali@example.com")
    assert "nimali" not in index
