"""Master keys come from the environment or from the data directory, and one takes over from the other without a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.keys import MasterKey
from ops.secrets import master_keys, next_master_key, take_over
from ops.settings import BadConfiguration, Settings

FIRST, SECOND = MasterKey.generate(), MasterKey.generate()


def settings(folder: Path, **given: str) -> Settings:
    """Give settings as if nothing were in the environment but this."""
    nothing = {"master_key": None, "master_key_new": None}
    return Settings().model_copy(update={"data_dir": folder, **nothing, **given})


def ids(of: Settings, *texts: str) -> list[bool]:
    """Tell which master keys are at hand."""
    return [MasterKey.from_text(text).key_id in master_keys(of) for text in texts]


def test_a_master_key_is_made_once(tmp_path: Path) -> None:
    made = master_keys(settings(tmp_path)).first.key_id
    assert master_keys(settings(tmp_path)).first.key_id == made
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


def test_both_are_at_hand_while_one_takes_over(tmp_path: Path) -> None:
    here = settings(tmp_path)
    old = master_keys(here)
    new = next_master_key(here)
    assert new.key_id == next_master_key(here).key_id, "a rotation that is repeated goes on with the same key"
    assert old.find(new.key_id).key_id == new.key_id, "a process that runs looks again"
    assert master_keys(here).first.key_id != new.key_id
    assert take_over(here)
    assert master_keys(here).first.key_id == new.key_id
    assert not take_over(here)


def test_the_environment_goes_before_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text(SECOND)
    assert ids(settings(tmp_path, master_key=FIRST), FIRST, SECOND) == [True, False]
    assert ids(settings(tmp_path, master_key=FIRST, master_key_new=SECOND), FIRST, SECOND) == [True, True]
    assert (
        next_master_key(settings(tmp_path, master_key=FIRST, master_key_new=SECOND)).key_id
        == MasterKey.from_text(SECOND).key_id
    )


def test_with_a_key_in_the_environment_the_next_one_must_be_there_too(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="set MASTER_KEY_NEW beside it"):
        next_master_key(settings(tmp_path, master_key=FIRST))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["master_key", "master_key_new"])
@pytest.mark.parametrize("text", ["short", "AAAA", "not base64!"])
def test_a_key_that_is_none_is_named(tmp_path: Path, name: str, text: str) -> None:
    given = {"master_key": FIRST} | {name: text}
    with pytest.raises(BadConfiguration, match=f"{name.upper()} is not usable"):
        master_keys(settings(tmp_path, **given))
