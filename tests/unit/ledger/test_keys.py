"""Personal fields open with the right keys in the right place, and with nothing else."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.structs import replace

from ledger.keys import MOST_IN_A_STATEMENT, GuestKeys, MasterKey, MasterKeyWrong, new_guest_key, new_guest_keys
from ledger.sealing import NO_VERSION, added_by
from tests.examples import NOW, named

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
    assert key.profile is not None
    assert key.fiscal is not None
    assert key.profile not in stored
    assert key.fiscal not in stored


@pytest.mark.parametrize("count", [0, MOST_IN_A_STATEMENT, MOST_IN_A_STATEMENT + 1, 2 * MOST_IN_A_STATEMENT + 1])
def test_as_many_keys_as_come_are_kept_each_as_it_was_made(path: Path, keys: GuestKeys, count: int) -> None:
    made = new_guest_keys(count)
    keys.keep(made)
    assert [GuestKeys(path, MasterKey(bytes(range(32)))).find(key.key_id) for key in made] == made
    assert len({secret for key in made for _, secret in key.secrets()}) == 2 * count


def test_a_key_that_is_not_there_is_kept_as_nothing(keys: GuestKeys) -> None:
    whole, *parted = new_guest_keys(3)
    kept = [replace(parted[0], profile=None), whole, replace(parted[1], fiscal=None)]
    keys.keep(kept)
    assert [keys.find(key.key_id) for key in kept] == kept


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


def test_a_wrapped_key_belongs_to_its_guest(path: Path, keys: GuestKeys) -> None:
    key, other = new_guest_key(named("key")), new_guest_key(named("other"))
    keys.keep([key, other])
    swap(path, key.key_id, other.key_id)
    with pytest.raises(MasterKeyWrong):
        GuestKeys(path, MasterKey(bytes(range(32)))).find(key.key_id)


def swap(path: Path, first: UUID, second: UUID) -> None:
    """Give a guest's wrapped key to another, as somebody with the file alone could."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE guest SET profile = (SELECT profile FROM guest WHERE key_id = ?) WHERE key_id = ?",
            [second.bytes, first.bytes],
        )


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


def test_profile_and_fiscal_fields_have_keys_of_their_own(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    invoice = key.seal({"name": "Nimali Perera"}, RESERVATION, 1, "fiscal")
    keys.erase(key.key_id, NOW)
    assert keys.read(key.seal(NIMALI, RESERVATION, 1, "guest"), RESERVATION, 1, "guest") is None
    assert keys.read(invoice, RESERVATION, 1, "fiscal") == {"name": "Nimali Perera"}
    assert keys.destroy_fiscal([key.key_id], NOW) == 1
    assert keys.read(invoice, RESERVATION, 1, "fiscal") is None
    assert keys.destroy_fiscal([key.key_id], NOW) == 0


def test_a_box_of_one_key_does_not_open_with_the_other(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    with pytest.raises(InvalidTag):
        keys.read(key.seal(NIMALI, RESERVATION, 1, "guest"), RESERVATION, 1, "fiscal")


def test_nothing_is_sealed_under_a_destroyed_key(keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    keys.erase(key.key_id, NOW)
    left = keys.find(key.key_id)
    assert left is not None
    assert left.profile is None
    with pytest.raises(ValueError, match="profile key of guest"):
        left.seal(NIMALI, RESERVATION, 1, "guest")


@pytest.mark.parametrize("kept_before", [True, False])
def test_a_destroyed_key_is_never_kept_again(path: Path, master: MasterKey, keys: GuestKeys, *, kept_before: bool) -> None:
    key = new_guest_key(named("key"))
    if kept_before:
        keys.keep([key])
    keys.erase(key.key_id, NOW, fiscal=True)
    for store in (keys, GuestKeys(path, master)):
        store.keep([key])
        assert store.find(key.key_id) is None


def test_what_was_destroyed_is_in_no_file(path: Path, keys: GuestKeys) -> None:
    key, other = new_guest_key(named("key")), new_guest_key(named("other"))
    keys.keep([key, other])
    wrapped = wrapped_key(path, key.key_id)
    assert any(wrapped in file.read_bytes() for file in path.parent.iterdir()), "the searcher must see it while it is there"
    keys.erase(key.key_id, NOW, address="nimali@example.com")
    assert not any(wrapped in file.read_bytes() for file in path.parent.iterdir())
    assert keys.find(other.key_id) == other


def wrapped_key(path: Path, key_id: UUID) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        (wrapped,) = connection.execute("SELECT profile FROM guest WHERE key_id = ?", [key_id.bytes]).fetchone()
    return bytes(wrapped)


def test_an_older_store_does_not_bring_a_key_back(path: Path, master: MasterKey, keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    keys.file.scrub()
    keys.file.close()
    older = path.read_bytes()
    keys.erase(key.key_id, NOW)
    keys.file.close()
    for side in path.parent.glob(f"{path.name}-*"):
        side.unlink()
    path.write_bytes(older)
    assert wrapped_key(path, key.key_id), "the copy must hold the key, or this test shows nothing"
    reopened = GuestKeys(path, master).find(key.key_id)
    assert reopened is not None
    assert reopened.profile is None


def test_an_address_is_kept_until_the_vendors_were_asked(path: Path, keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    keys.erase(key.key_id, NOW, address="nimali@example.com")
    keys.erase(key.key_id, NOW)
    assert keys.address_of_leaving(key.key_id) == "nimali@example.com"
    assert not any(b"nimali@" in file.read_bytes() for file in path.parent.iterdir())
    keys.let_go(key.key_id)
    assert keys.address_of_leaving(key.key_id) == ""


def test_fiscal_keys_end_on_their_day(keys: GuestKeys) -> None:
    today = NOW.date()
    soon, later, never = (new_guest_key(named(name)) for name in ("soon", "later", "never"))
    keys.keep([soon, later, never])
    keys.date_fiscal([(soon.key_id, today), (later.key_id, today + timedelta(days=1))])
    assert keys.fiscal_until(soon.key_id) == today
    assert keys.census(today).fiscals_due == 1
    assert [keys.destroy_due_fiscal(day, NOW) for day in (today - timedelta(days=1), today, today)] == [0, 1, 0]
    assert keys.fiscal_until(soon.key_id) is None
    assert {key.key_id for key in keys.find_many([soon.key_id, later.key_id, never.key_id]).values() if key.fiscal} == {
        later.key_id, never.key_id,
    }  # fmt: skip


def test_many_are_read_at_once(keys: GuestKeys) -> None:
    kept = [new_guest_key(named(f"key {number}")) for number in range(1203)]
    keys.keep(kept)
    keys.erase(kept[7].key_id, NOW)
    boxes = [(key.seal({"name": str(key.key_id)}, RESERVATION, 1, "guest"), RESERVATION) for key in kept]
    opened = keys.read_many(boxes, 1, "guest")
    assert opened[7] is None
    assert [each["name"] for each in opened if each] == [str(key.key_id) for key in kept if key is not kept[7]]


def test_fiscal_keys_of_several_guests_are_counted_once_each(keys: GuestKeys) -> None:
    kept = [new_guest_key(named(name)) for name in ("first", "second", "third")]
    keys.keep(kept)
    assert keys.destroy_fiscal([key.key_id for key in kept], NOW) == 3
    assert keys.census(NOW.date()).fiscals == 0


def test_what_a_command_added_opens_under_its_stream_command_and_field_alone(keys: GuestKeys) -> None:
    key, command_id = new_guest_key(named("key")), named("command")
    keys.keep([key])
    added = key.seal("a cot", RESERVATION, NO_VERSION, added_by(command_id, "note"))
    assert keys.read_added(added, RESERVATION, command_id, "note") == "a cot"
    for stream, command, field in (
        (named("another"), command_id, "note"), (RESERVATION, named("another"), "note"), (RESERVATION, command_id, "wish"),
    ):  # fmt: skip
        with pytest.raises(InvalidTag):
            keys.read_added(added, stream, command, field)
    keys.erase(key.key_id, NOW)
    assert keys.read_added(added, RESERVATION, command_id, "note") is None


def test_the_census_counts(keys: GuestKeys) -> None:
    first, second = new_guest_key(named("first")), new_guest_key(named("second"))
    keys.keep([first, second])
    keys.erase(first.key_id, NOW, address="nimali@example.com")
    counted = keys.census(NOW.date())
    assert (counted.guests, counted.profiles, counted.fiscals, counted.leaving) == (2, 1, 2, 1)
    assert (counted.foreign, counted.opens) == (0, True)
    other = GuestKeys(keys.path, MasterKey(bytes(32))).census(NOW.date())
    assert (other.foreign, other.opens) == (2, False)


def test_under_a_wrong_master_key_nothing_is_written(path: Path, keys: GuestKeys) -> None:
    key = new_guest_key(named("key"))
    keys.keep([key])
    wrong = GuestKeys(path, MasterKey(bytes(32)))
    for attempt in (
        lambda: wrong.keep([new_guest_key(named("new"))]),
        lambda: wrong.derive("links"),
        lambda: wrong.find(key.key_id),
    ):
        with pytest.raises(MasterKeyWrong, match="Set the key that belongs"):
            attempt()
    assert keys.census(NOW.date()).guests == 1


def test_marks_are_remembered(keys: GuestKeys) -> None:
    assert keys.mark("log/ella") == 0
    keys.set_mark("log/ella", 7)
    keys.set_mark("log/ella", 9)
    assert keys.mark("log/ella") == 9


def test_a_guest_is_alive_while_the_profile_is(keys: GuestKeys) -> None:
    lives, erased, gone = (new_guest_key(named(name)) for name in ("lives", "erased", "gone"))
    keys.keep([lives, erased, gone])
    keys.erase(erased.key_id, NOW)
    keys.erase(gone.key_id, NOW, fiscal=True)
    asked = [lives.key_id, erased.key_id, gone.key_id, named("nobody")]
    assert keys.alive(asked) == {lives.key_id}
    assert set(keys.find_many(asked)) == {lives.key_id, erased.key_id}


def test_among_many_a_guest_of_whom_nothing_is_left_is_passed_over(keys: GuestKeys) -> None:
    lives, gone = new_guest_key(named("lives")), new_guest_key(named("gone"))
    keys.keep([lives, gone])
    boxes = [(key.seal(NIMALI, RESERVATION, 1, "guest"), RESERVATION) for key in (gone, lives)]
    keys.erase(gone.key_id, NOW, fiscal=True)
    assert keys.read_many(boxes, 1, "guest") == [None, NIMALI]


def test_the_census_names_the_master_key(keys: GuestKeys, master: MasterKey) -> None:
    assert keys.census(NOW.date()).master == master.key_id


def test_a_box_that_is_stored_today_opens_by_its_description_for_ever() -> None:
    """Released logs hold such boxes: nonce, then AES-256-GCM over JSON, bound to key, stream, version and field."""
    key = new_guest_key(named("key"))
    assert key.profile is not None
    box = key.seal({"name": "Nimali"}, RESERVATION, 12, "guest").box
    bound = key.key_id.bytes + b"\0" + RESERVATION.bytes + b"\0" + b"12" + b"\0" + b"guest"
    assert AESGCM(key.profile).decrypt(box[:12], box[12:], bound) == b'{"name":"Nimali"}'
