"""The data directory: ours alone, held once, modes of others untouched, sockets always short enough."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ops.embedded.data_directory import LONGEST_SOCKET_PATH, held, is_held, sockets_of, write_private
from ops.embedded.failure import EmbeddedServerError

ROOT = Path(__file__).parents[2]
HOLD = """
import pathlib, sys
from ops.embedded.data_directory import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_private_and_parents_stay_as_they_are(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir(mode=0o750)
    with held(parent / "deep" / "data") as directory:
        assert mode(directory) == 0o700
        assert mode(parent) == 0o750


def test_a_directory_with_something_in_it_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "mine.txt").write_text("was here before")
    with held(tmp_path):
        assert mode(tmp_path) == 0o755


def test_another_process_is_refused_by_name_and_a_killed_holder_leaves_it_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(tmp_path)
        with (
            pytest.raises(
                EmbeddedServerError,
                match=rf"data directory .* is in use by process {holder.pid}: stop that run or choose another DATA_DIR",
            ),
            held(tmp_path),
        ):
            pytest.fail("held twice")
        holder.kill()
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "nowhere")


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with (
        pytest.raises(EmbeddedServerError, match=r"cannot be used \(File exists\): choose another DATA_DIR"),
        held(tmp_path / "data"),
    ):
        pytest.fail("held a file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's directory")
def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(EmbeddedServerError, match="belongs to user id 65534 and this is 0: run as that user"), held(tmp_path):
        pytest.fail("held another's")


@pytest.mark.parametrize("length", [10, 100, 200])
def test_sockets_stay_short_below_any_data_directory(tmp_path: Path, length: int) -> None:
    with held(tmp_path / ("d" * length)) as directory, sockets_of(directory) as sockets:
        assert mode(sockets) == 0o700
        assert len(os.fsencode(sockets / "pg" / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    assert not sockets.exists()


def test_a_temp_directory_that_is_too_long_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("t" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with held(tmp_path / "data") as directory, sockets_of(directory) as sockets:
        assert sockets.parent == Path("/tmp")  # noqa: S108 - the place we promise


def test_sockets_of_a_killed_run_are_used_again_but_a_copy_gets_its_own(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with held(original) as directory, sockets_of(directory) as sockets:
        with sockets_of(directory) as again:
            assert again == sockets
        # As if killed: the directory and the link are still there.
        sockets.mkdir(mode=0o700)
        (sockets / "data_directory").write_text(str(directory))
        (directory / "sockets").symlink_to(sockets)
        shutil.copytree(original, copy, symlinks=True)
        with held(copy) as other, sockets_of(other) as its_own:
            assert its_own != sockets
        assert sockets.exists()


def test_a_private_file_is_whole_and_private(tmp_path: Path) -> None:
    write_private(tmp_path / "password", "first")
    write_private(tmp_path / "password", "second")
    assert (tmp_path / "password").read_text() == "second"
    assert mode(tmp_path / "password") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["password"]
