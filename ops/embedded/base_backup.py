"""Base backups with PostgreSQL's own tools: taken while the server works, checked, and made into an embedded cluster again.

A restored cluster gets its place by one rename, after all that must have happened to it: recovered, a password of its own,
the caller's statements run. Recovery to a point in time would give `place` a target; there is none yet.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ops.embedded import identity
from ops.embedded.binaries import postgres_programs, postgres_version
from ops.embedded.data_directory import write_private
from ops.embedded.failure import EmbeddedServerError, say
from ops.embedded.identity import Identity
from ops.embedded.postgres import CLUSTER, NAME, PASSWORD
from ops.embedded.process import run_tool

LEFT_OUT = frozenset({"password", "dbname"})
"""Parts of an address that a tool must not show on its command line, or has no use for."""

ACCESS = "local all all scram-sha-256\nlocal replication all scram-sha-256\n"
OWN_ROLE = (
    f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{NAME}') THEN CREATE ROLE {NAME}; END IF; END $$",
    f"ALTER ROLE {NAME} SUPERUSER LOGIN REPLICATION PASSWORD '{{password}}'",
)


def take(url: str, target: Path) -> None:
    """Copy the cluster behind an address into an empty directory, with the log that makes it whole.

    Raises EmbeddedServerError when the tool is missing or fails.
    """
    programs = postgres_programs()
    address = conninfo_to_dict(url)
    shown = make_conninfo(**{name: str(value) for name, value in address.items() if name not in LEFT_OUT})
    password = {"PGPASSWORD": str(address["password"])} if "password" in address else {}
    options = ("--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password")
    done = run_tool([programs / "pg_basebackup", "-D", target, "-d", shown, *options], Identity(), **password)
    if done.returncode != 0:
        msg = f"the base backup failed ({_said(done.stderr)}): mend that, then back up again"
        raise EmbeddedServerError(msg)


def require_sound(cluster: Path) -> None:
    """Check every file of a backed-up cluster against its manifest. Raises EmbeddedServerError naming the first bad one."""
    programs = postgres_programs()
    written_by = (cluster / "PG_VERSION").read_text().strip() if (cluster / "PG_VERSION").exists() else "nobody"
    if written_by != str(postgres_version(programs)):
        msg = (
            f"{cluster} was written by PostgreSQL {written_by} and the programs are {postgres_version(programs)}: "
            f"set POSTGRES_BIN to those of {written_by}"
        )
        raise EmbeddedServerError(msg)
    done = run_tool([programs / "pg_verifybackup", "--exit-on-error", "--quiet", cluster], Identity())
    if done.returncode != 0:
        msg = f"the backup {cluster} is damaged ({_said(done.stderr)}): take another one"
        raise EmbeddedServerError(msg)


def place(cluster: Path, data_directory: Path, *, database: str, was_ours: bool, statements: Sequence[str]) -> None:
    """Make a backed-up cluster the one of a held data directory that has none.

    `database` is what our database is called in it, `was_ours` says that its configuration is ours. The statements, one line
    each, run in it before anybody can connect. Raises EmbeddedServerError; then there is no cluster.
    """
    runs_as = identity.server_identity()
    identity.open_way(data_directory, runs_as)
    programs = identity.reachable_programs(postgres_programs(), data_directory, runs_as)
    draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=data_directory))
    try:
        shutil.copytree(cluster, draft, dirs_exist_ok=True, symlinks=True)
        _configure(draft, was_ours=was_ours)
        password = secrets.token_hex(24)
        identity.hand_over(draft, runs_as)
        say("recovering the backed-up cluster")
        typed = [line.format(password=password) for line in OWN_ROLE]
        if database != NAME:
            quoted = database.replace('"', '""')
            typed.append(f'ALTER DATABASE "{quoted}" RENAME TO {NAME}')
        _run_alone(programs, draft, runs_as, "postgres", typed)
        _run_alone(programs, draft, runs_as, NAME, statements)
        write_private(data_directory / PASSWORD, password)
        draft.rename(data_directory / CLUSTER)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _configure(cluster: Path, *, was_ours: bool) -> None:
    """Let a cluster run here: of a stranger's configuration nothing is kept, its files and ports are elsewhere."""
    if not was_ours:
        for name in ("postgresql.conf", "postgresql.auto.conf", "pg_ident.conf"):
            (cluster / name).write_text("# as PostgreSQL has it; the rest is given on the command line\n")
    (cluster / "pg_hba.conf").write_text(ACCESS)
    for name in ("postmaster.pid", "standby.signal", "recovery.signal"):
        (cluster / name).unlink(missing_ok=True)


def _run_alone(programs: Path, cluster: Path, runs_as: Identity, database: str, statements: Sequence[str]) -> None:
    """Run statements in a cluster that nobody can connect to; recovers it first. Raises EmbeddedServerError."""
    typed = "".join(f"{statement}\n" for statement in statements)
    done = run_tool([programs / "postgres", "--single", "-D", cluster, database], runs_as, typed=typed)
    wrong = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line or "PANIC:" in line]
    if done.returncode != 0 or wrong:
        msg = f"the backed-up cluster does not come up ({(wrong or [_said(done.stderr)])[0]}): take another backup"
        raise EmbeddedServerError(msg)


def _said(text: str) -> str:
    """Give what a tool complained about, as one line."""
    errors = [line.strip() for line in text.splitlines() if "error:" in line]
    return " ".join(errors or text.split()) or "it said nothing"
