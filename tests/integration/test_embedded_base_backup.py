"""A base backup of somebody else's PostgreSQL becomes an embedded cluster: other names, other configuration, same rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ops.embedded import EmbeddedServerError, base_backup, embedded_servers
from ops.embedded.data_directory import held

ELSEWHERE = "redis://not-needed"
STRANGE = "ssl = on\nshared_preload_libraries = 'not_there'\nlisten_addresses = '*'\n"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Back up a cluster whose only database is called hotel."""
    folder = tmp_path_factory.mktemp("foreign")
    with embedded_servers(folder / "data", database_url=None, redis_url=ELSEWHERE) as servers:
        hotel = servers.database_url.replace("/nightledger?", "/hotel?")
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE hotel")
        with psycopg.connect(hotel, autocommit=True) as connection:
            connection.execute("DROP DATABASE nightledger")
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        base_backup.take(hotel, folder / "cluster")
    shutil.rmtree(folder / "data")
    yield folder / "cluster"
    shutil.rmtree(folder)


def test_it_runs_here_under_our_names(foreign: Path, tmp_path: Path) -> None:
    base_backup.require_sound(foreign)
    (foreign / "postgresql.conf").write_text(STRANGE)
    with held(tmp_path / "new") as directory:
        base_backup.place(
            foreign, directory, database="hotel", was_ours=False, statements=["UPDATE kept SET seven = seven + 1"]
        )  # fmt: skip
    with (
        embedded_servers(tmp_path / "new", database_url=None, redis_url=ELSEWHERE) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("SELECT seven, current_setting('ssl') FROM kept").fetchone() == (8, "off")
    shutil.rmtree(tmp_path / "new")


def test_a_statement_that_fails_leaves_no_cluster(foreign: Path, tmp_path: Path) -> None:
    with (
        held(tmp_path / "new") as directory,
        pytest.raises(EmbeddedServerError, match=r"does not come up .*relation \"nowhere\" does not exist"),
    ):
        base_backup.place(foreign, directory, database="hotel", was_ours=False, statements=["UPDATE nowhere SET x = 1"])
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["lock", "log"]


def test_programs_of_another_version_are_named(foreign: Path) -> None:
    written = (foreign / "PG_VERSION").read_text()
    (foreign / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"was written by PostgreSQL 17 and the programs are 18: set POSTGRES_BIN"):
        base_backup.require_sound(foreign)
    (foreign / "PG_VERSION").write_text(written)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"the base backup failed \(pg_basebackup: error: .*\): mend that"):
        base_backup.take(f"postgresql://nobody:secret@/x?host={tmp_path}", tmp_path / "nothing")
