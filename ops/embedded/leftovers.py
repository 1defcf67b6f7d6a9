"""Servers that a killed run left behind on a data directory: found by what they are, ended politely, then firmly.

A process id in a file proves nothing, since ids are used again. A leftover is a process of the right name, with our mark on
its command line, that stands in exactly this directory. Anything else is not ours and is never touched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from ops.embedded.failure import EmbeddedServerError, say

SPEAK_EVERY_SECONDS = 5.0


def processes_in(directory: Path, program: str) -> list[psutil.Process]:
    """Return the living processes of a program that stand in (or were told to use) a directory; zombies hold nothing."""
    return [process for process in psutil.process_iter() if _stands_in(process, directory, program)]


def command_line(process: psutil.Process) -> str:
    """Return a process's command line or rewritten title as one text, empty when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def require_ours(processes: Sequence[psutil.Process], marks: Sequence[str], directory: Path) -> None:
    """Refuse to go on beside somebody else's server on our directory. Raises EmbeddedServerError naming it."""
    for process in processes:
        said = command_line(process)
        if said and not any(mark in said for mark in marks):
            msg = f"process {process.pid} uses {directory} but was not started by us: stop it, then start again"
            raise EmbeddedServerError(msg)


def end(name: str, processes: Sequence[psutil.Process], ladder: Sequence[tuple[int, float]]) -> None:
    """Send each signal of the ladder and wait its seconds until all processes are gone.

    Raises EmbeddedServerError when some survive the last rung.
    """
    left = list(processes)
    for signal, patience_seconds in ladder:
        for process in left:
            _send(process, signal)
        left = _outliving(name, left, patience_seconds)
        if not left:
            return
    msg = f"{name} process {left[0].pid} of a killed run does not end: end it by hand, then start again"
    raise EmbeddedServerError(msg)


def alive(process: psutil.Process) -> bool:
    """Say whether a process still runs; one that ended and waits for its parent does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _outliving(name: str, processes: list[psutil.Process], patience_seconds: float) -> list[psutil.Process]:
    begun = told = time.monotonic()
    while processes := [process for process in processes if alive(process)]:
        now = time.monotonic()
        if now - begun >= patience_seconds:
            break
        if now - told >= SPEAK_EVERY_SECONDS:
            told = now
            say(f"waiting for the {name} of a killed run to end (process {processes[0].pid}, {now - begun:.0f} s)")
        time.sleep(0.02)
    return processes


def _send(process: psutil.Process, signal: int) -> None:
    try:
        process.send_signal(signal)
    except psutil.NoSuchProcess:
        return


def _stands_in(process: psutil.Process, directory: Path, program: str) -> bool:
    try:
        if process.name() != program or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.cwd() == str(directory) or str(directory) in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # Gone meanwhile, or another user's: a server on our private directory is ours to look at.
        return False
