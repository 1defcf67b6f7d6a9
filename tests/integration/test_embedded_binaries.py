"""Where the programs come from: the operator's word is obeyed or refused, never passed over; too old is not used."""

from pathlib import Path

import pytest

from ops.embedded.binaries import postgres_programs, postgres_version, valkey_program
from ops.embedded.failure import EmbeddedServerError


def programs(directory: Path, version: str) -> Path:
    directory.mkdir()
    for name in ("postgres", "initdb"):
        (directory / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (directory / name).chmod(0o755)
    return directory


def test_the_wheel_brings_both() -> None:
    assert postgres_version(postgres_programs({})) >= 18
    assert valkey_program({}).name == "valkey-server"


@pytest.mark.parametrize("version", ["18.0", "18.6 (Debian 18.6-1)", "19beta1"])
def test_an_explicit_directory_wins(tmp_path: Path, version: str) -> None:
    chosen = programs(tmp_path / "bin", version)
    assert postgres_programs({"POSTGRES_BIN": str(chosen)}) == chosen


def test_an_explicit_old_version_is_refused(tmp_path: Path) -> None:
    chosen = programs(tmp_path / "bin", "17.9")
    with pytest.raises(
        EmbeddedServerError, match=r"POSTGRES_BIN=.* holds PostgreSQL 17: point it to .* 18 or later, or unset it"
    ):
        postgres_programs({"POSTGRES_BIN": str(chosen)})


def test_an_explicit_empty_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="does not hold the programs postgres and initdb"):
        postgres_programs({"POSTGRES_BIN": str(tmp_path)})


def test_the_system_is_asked_after_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = programs(tmp_path / "old", "15.18"), programs(tmp_path / "new", "18.1")
    monkeypatch.setattr("ops.embedded.binaries._package", lambda _name: None)
    monkeypatch.setenv("PATH", str(old))
    monkeypatch.setattr("ops.embedded.binaries.SYSTEM_POSTGRES", (str(new),))
    assert postgres_programs({}) == new
    monkeypatch.setattr("ops.embedded.binaries.SYSTEM_POSTGRES", ())
    with pytest.raises(EmbeddedServerError, match=r"no PostgreSQL 18 found: .* or set DATABASE_URL"):
        postgres_programs({})


def test_an_explicit_valkey_must_be_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    with pytest.raises(EmbeddedServerError, match="is not a program: point it to valkey-server"):
        valkey_program({"VALKEY_BIN": str(program)})
    program.touch(mode=0o755)
    assert valkey_program({"VALKEY_BIN": str(program)}) == program
    monkeypatch.setattr("ops.embedded.binaries._package", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valkey_program({}) == program.resolve()
