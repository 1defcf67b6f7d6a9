"""The supervisor with real processes: what dies comes back, what should end ends, in order, and nothing is left."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from ops.embedded import attach, embedded_servers

ROOT = Path(__file__).parents[2]
HEAD = """
import os, pathlib, socket, sys
from ops.embedded import embedded_servers
from ops.supervisor import Child, Supervisor
CHILD = '''{}'''
data_dir = pathlib.Path(sys.argv[1])
"""
CHILD = """
import signal, subprocess, sys, time
def end(*_):
    say("ended")
    sys.exit(0)
name = sys.argv[1]
def say(what):
    # One write a line: two children share this file.
    sys.stdout.write(f"{name} {what}" + chr(10))
    sys.stdout.flush()
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in name else end)
if "parent" in name:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
say("lives")
while True:
    time.sleep(600)
"""
CHILDREN = """
def child(name, stage=1):
    return Child(name, [sys.executable, "-c", CHILD, name], stage=stage)
"""


class Run:
    """A supervisor in a process group of its own, as a terminal would start it; its output goes to a file."""

    def __init__(self, data_dir: Path, program: str) -> None:
        self.data_dir = data_dir
        self.output = data_dir.with_suffix(".out")
        text = HEAD.replace("{}", CHILD) + CHILDREN + program
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", text, str(data_dir)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, pattern: str, seconds: float = 20) -> None:
        wait_until(lambda: re.search(pattern, self.said()) is not None, seconds, self.said)

    def child(self, name: str) -> psutil.Process:
        """The newest process of a child by its name."""
        found = [process for process in self.family() if process.cmdline()[-1:] == [name]]
        return max(found, key=lambda process: process.create_time())

    def family(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def ctrl_c(self) -> None:
        """What a terminal does: the signal goes to the foreground group, not to one process."""
        os.killpg(self.process.pid, signal.SIGINT)


def wait_until(happened: Callable[[], bool], seconds: float, said: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, said()
        time.sleep(0.02)


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def none_left(processes: list[psutil.Process]) -> None:
    wait_until(lambda: not living(processes), 5, lambda: str(living(processes)))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    """Start supervisors; whatever a failed test leaves is killed afterwards."""
    runs: list[Run] = []
    seen: list[psutil.Process] = []

    def begin(program: str) -> Run:
        runs.append(Run(tmp_path / f"run{len(runs)}", program))
        runs[-1].wait_for("ready|not ready|Traceback")
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.extend(runs[-1].family())
        return runs[-1]

    yield begin
    for run in runs:
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.extend(run.family())
        run.process.kill()
        run.process.wait()
    for process in living(seen):
        process.kill()
    for link in tmp_path.glob("*/sockets"):
        shutil.rmtree(link.readlink(), ignore_errors=True)


ONLY_CHILDREN = """
sys.exit(Supervisor([child(name, stage) for name, stage in {}]).run(lambda: print("ready", flush=True)))
"""
WITH_SERVERS = """
with embedded_servers(data_dir, database_url=None, redis_url=None) as servers:
    children = [child("worker"), child("web", stage=0)]
    sys.exit(Supervisor(children, servers.started).run(lambda: print("ready", flush=True)))
"""


def test_a_killed_child_comes_back_with_one_line(start: Callable[[str], Run]) -> None:
    run = start(ONLY_CHILDREN.format([("web", 0), ("worker", 1)]))
    run.wait_for("web lives")
    run.wait_for("worker lives")
    worker = run.child("worker")
    run.child("web").kill()
    run.wait_for(r"web was ended by SIGKILL; restart in 0\.1 s\n(.*\n)*web lives")
    assert worker.is_running()


def test_ctrl_c_ends_web_then_workers_then_servers_and_leaves_nothing(start: Callable[[str], Run]) -> None:
    run = start(WITH_SERVERS)
    run.wait_for("web lives")
    run.wait_for("worker lives")
    family = run.family()
    assert len(family) > 4
    run.ctrl_c()
    assert run.process.wait(20) == 0
    none_left(family)
    assert run.said().index("web ended") < run.said().index("worker ended")
    assert run.said().count("ended") == 2
    assert not (run.data_dir / "servers.json").exists()
    assert "database system is shut down" in (run.data_dir / "log" / "postgres.log").read_text()


def test_killed_servers_heal_by_themselves_and_keep_their_data(start: Callable[[str], Run]) -> None:
    run = start(WITH_SERVERS)
    servers = attach(run.data_dir)
    assert servers is not None
    with psycopg.connect(servers.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    with redis.Redis.from_url(servers.redis_url) as client:
        client.set("kept", 7)
    masters = [
        process for process in psutil.Process(run.process.pid).children() if process.name() in {"postgres", "valkey-server"}
    ]
    assert len(masters) == 2
    begun = time.monotonic()
    for master in masters:
        master.kill()
    run.wait_for(r"PostgreSQL was ended by SIGKILL; restart in 0\.1 s")
    run.wait_for(r"Valkey was ended by SIGKILL; restart in 0\.1 s")
    wait_until(lambda: attach(run.data_dir) == servers, 20, run.said)
    print(f"both servers answered {time.monotonic() - begun:.2f} s after kill -9")
    with psycopg.connect(servers.database_url) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)
    with redis.Redis.from_url(servers.redis_url) as client:
        assert client.get("kept") == b"7"
    run.ctrl_c()
    assert run.process.wait(20) == 0


@pytest.mark.skipif(not shutil.which("setpriv"), reason="the kernel is asked through setpriv")
def test_a_killed_supervisor_leaves_at_most_the_servers_and_the_next_start_recovers(start: Callable[[str], Run]) -> None:
    run = start(WITH_SERVERS)
    run.wait_for("web lives")
    run.wait_for("worker lives")
    children = [run.child("web"), run.child("worker")]
    family = run.family()
    run.process.kill()
    run.process.wait()
    none_left(children)
    assert {process.name() for process in living(family)} <= {"postgres", "valkey-server"}
    with embedded_servers(run.data_dir, database_url=None, redis_url=None) as servers:
        assert all(server.alive() for server in servers.started)
    none_left(family)


def test_a_crash_loop_is_called_so(start: Callable[[str], Run]) -> None:
    run = start("""
sys.exit(Supervisor([Child("web", ["sh", "-c", "exit 3"])]).run(lambda: print("ready", flush=True)))
""")
    run.wait_for(r"web is in a crash loop \(5 quick ends in a row\): read what it says above")
    assert re.findall(r"web ended with exit code 3; restart in (.*) s", run.said()) == ["0.1", "0.2", "0.4", "0.8", "1.6"]
    run.ctrl_c()
    assert run.process.wait(10) == 0


def test_a_program_that_is_not_there_is_said_and_tried_again(start: Callable[[str], Run]) -> None:
    run = start("""
sys.exit(Supervisor([Child("web", ["/nowhere/web"])]).run(lambda: print("ready", flush=True)))
""")
    run.wait_for(r"web (did not start|ended with exit code 127).*; restart in 0\.2 s")
    run.ctrl_c()
    assert run.process.wait(10) == 0


def test_what_a_killed_child_started_is_ended_before_its_successor(start: Callable[[str], Run]) -> None:
    run = start(ONLY_CHILDREN.format([("parent", 0)]))
    run.wait_for("parent lives")
    child = run.child("parent")
    grandchildren = child.children()
    assert len(grandchildren) == 1
    child.kill()
    run.wait_for(r"restart(.*\n)*parent lives")
    none_left(grandchildren)


def test_a_second_ctrl_c_hurries(start: Callable[[str], Run]) -> None:
    run = start(ONLY_CHILDREN.format([("stubborn", 0), ("worker", 1)]))
    run.wait_for("stubborn lives")
    run.wait_for("worker lives")
    family = run.family()
    begun = time.monotonic()
    run.ctrl_c()
    time.sleep(0.7)
    assert len(living(family)) == 2
    run.ctrl_c()
    assert run.process.wait(7) == 0
    print(f"hurried: ended after {time.monotonic() - begun:.2f} s")
    none_left(family)


def test_a_stubborn_child_is_killed_after_its_grace(start: Callable[[str], Run]) -> None:
    run = start(ONLY_CHILDREN.format([("stubborn", 0)]))
    run.wait_for("stubborn lives")
    family = run.family()
    begun = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    # `make` passes on what the group got already: the same request twice is no hurry.
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(20) == 0
    assert 7.5 < time.monotonic() - begun < 12
    none_left(family)


def test_a_failed_ready_stops_everything_with_exit_code_1(start: Callable[[str], Run]) -> None:
    run = start("""
def ready():
    raise RuntimeError("the web does not answer")
sys.exit(Supervisor([child("web")]).run(ready))
""")
    assert run.process.wait(10) == 1
    assert "not ready: the web does not answer" in run.said()


def test_an_inherited_socket_listens_through_restarts(start: Callable[[str], Run]) -> None:
    run = start("""
listening = socket.create_server(("127.0.0.1", 0))
ANSWER = '''
import os, socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listening:
    while True:
        with listening.accept()[0] as client:
            client.sendall(str(os.getpid()).encode())
'''
child = Child("web", [sys.executable, "-c", ANSWER, str(listening.fileno())], pass_fds=(listening.fileno(),))
print("port", listening.getsockname()[1], flush=True)
sys.exit(Supervisor([child]).run(lambda: print("ready", flush=True)))
""")
    port = re.search(r"port (\d+)", run.said())
    assert port is not None

    def answered_by() -> int:
        with socket.create_connection(("127.0.0.1", int(port[1])), timeout=10) as client:
            # Empty: the process that was killed had just accepted this connection.
            return int(client.recv(100) or answered_by())

    first = answered_by()
    os.kill(first, signal.SIGKILL)
    # No refusal in between: the kernel keeps the connection until the successor accepts it.
    assert answered_by() not in {0, first}
