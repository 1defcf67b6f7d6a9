"""What an operator reads when an embedded server fails: the line first, then the end of the log."""

from pathlib import Path

import pytest

from ops.embedded.failure import EmbeddedServerError, told_clearly


def test_without_a_log_the_text_is_the_line() -> None:
    assert str(EmbeddedServerError("no PostgreSQL 18 found: set POSTGRES_BIN")) == "no PostgreSQL 18 found: set POSTGRES_BIN"


def test_the_end_of_the_log_follows(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("".join(f"line {number}\n" for number in range(5_000)))
    text = str(EmbeddedServerError("it ended", log))
    assert text.splitlines()[0] == "it ended"
    assert text.splitlines()[-1] == "  line 4999"
    assert len(text.splitlines()) == 2 + 12


def test_a_refusal_of_the_system_becomes_one_clear_line(tmp_path: Path) -> None:
    with (
        pytest.raises(EmbeddedServerError, match=r"Valkey could not be started \(.*No space left.*\): mend that"),
        told_clearly("Valkey", tmp_path / "none.log"),
    ):
        raise OSError(28, "No space left on device")


def test_a_clear_error_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"^as it was$"), told_clearly("Valkey", tmp_path / "none.log"):
        raise EmbeddedServerError("as it was")
