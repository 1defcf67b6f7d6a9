"""`nightledger up`: servers, sandbox, web, workers and followers under one supervisor, in the foreground."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from urllib3 import PoolManager
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from ledger.keys import GuestKeys, MasterKeyWrong
from ops.api_keys import create_key
from ops.embedded import Servers, embedded_servers
from ops.migrate import migrate
from ops.sandbox.store import Store
from ops.sandbox.webhooks import public_key
from ops.secrets import seal_key, webhook_secret
from ops.seeding import seed
from ops.settings import BadConfiguration, Settings
from ops.supervisor import Child, Supervisor
from ops.wiring import wired
from queries.access import SCOPES

DEMO = Path(__file__).parent / "properties" / "ella.toml"
SITE = "site.url"
"""Where a running installation says, in its data directory, at which address it serves."""
CLOCK = "clock-offset"
"""Where the sandbox says, in the data directory, by how many seconds the clock was moved."""
READY_SECONDS = 60
LOOK_SECONDS = 0.1
Say = Callable[[str], None]


def up(settings: Settings, say: Say) -> int:
    """Run everything until a signal; give the exit code. Raises BadConfiguration, EmbeddedServerError."""
    data_dir = settings.data_dir.expanduser().absolute()
    with closing(_listen(settings.host, settings.port, "PORT")) as web_socket:
        with_sandbox = not settings.stripe_api_key
        if with_sandbox:
            _listen(settings.host, settings.vendor_port, "SANDBOX_PORT").close()
        with embedded_servers(data_dir, database_url=settings.database_url, redis_url=settings.redis_url) as servers:
            environment = _environment(settings, data_dir, servers, with_sandbox=with_sandbox)
            (data_dir / SITE).write_text(settings.site_url)
            full = Settings.model_validate({name.lower(): value for name, value in environment.items()})
            asyncio.run(_prepare(full, say))
            children = _children(full, environment, web_socket, with_sandbox=with_sandbox)
            return Supervisor(children, servers.started).run(lambda: _announce(full, say, with_sandbox=with_sandbox))


def _listen(host: str, port: int, name: str) -> socket.socket:
    """Take a port, to be lent to the web processes. Raises BadConfiguration when somebody else has it."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(2048)
    except OSError as busy:
        taken.close()
        message = f"port {port} of {host} cannot be used ({busy.strerror}): choose another with {name}=…, or end what has it"
        raise BadConfiguration(message) from None
    taken.set_inheritable(True)
    return taken


def _environment(settings: Settings, data_dir: Path, servers: Servers, *, with_sandbox: bool) -> dict[str, str]:
    """Say to the children where everything is. Vendors are the local sandbox unless real keys are given."""
    metrics = data_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    environment = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PORT": str(settings.port),
    }
    if with_sandbox:
        vendor = f"http://{settings.host}:{settings.vendor_port}"
        clock = data_dir / CLOCK
        environment |= {
            "STRIPE_API_KEY": "sk_test_sandbox",
            "STRIPE_API_BASE": vendor,
            "STRIPE_WEBHOOK_SECRET": webhook_secret(settings),
            "SENDGRID_API_KEY": "SG.sandbox",
            "SENDGRID_HOST": vendor,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": _mail_key(data_dir / "sandbox.sqlite"),
            "CLOCK_FILE": str(clock),
            "SANDBOX_CLOCK_FILE": str(clock),
            "SANDBOX_PORT": str(settings.vendor_port),
            "SANDBOX_HOST": settings.host,
            "SANDBOX_STATE": str(data_dir / "sandbox.sqlite"),
            "SANDBOX_WEBHOOK_SECRET": webhook_secret(settings),
            "SANDBOX_WEBHOOK_URL": f"http://{settings.host}:{settings.port}/webhooks/{{property}}/stripe",
            "SANDBOX_SENDGRID_WEBHOOK_URL": f"http://{settings.host}:{settings.port}/webhooks/{{property}}/sendgrid",
        }
    return environment


def _mail_key(state: Path) -> str:
    """Read the key that the sandbox's mail reports are signed with, before the sandbox takes its file."""
    with closing(Store(state)) as store:
        return public_key(store)


def _children(settings: Settings, environment: dict[str, str], web_socket: socket.socket, *, with_sandbox: bool) -> list[Child]:
    us = [sys.executable, "-m", "ops.cli"]
    descriptor = web_socket.fileno()
    children = [
        Child("follow", [*us, "follow"], environment, stage=2),
        Child("work", [*us, "work"], environment, stage=1),
    ]
    if with_sandbox:
        children.append(Child("sandbox", [sys.executable, "-m", "ops.sandbox"], environment, stage=3))
    children += [
        Child(f"web-{number}", [*us, "serve", "--fd", str(descriptor)], environment, pass_fds=(descriptor,), stage=0)
        for number in range(1, settings.web_workers + 1)
    ]
    return children


async def _prepare(settings: Settings, say: Say) -> None:
    """Bring the schema up to date, see that the keys are good, and open the demo property on a new installation."""
    await migrate(settings.database_url or "")
    seal_key(settings)
    async with wired(settings, connections=2) as wiring:
        _say_when_locked(wiring.keys, say)
        if await wiring.access.properties():
            return
        code, _ = await seed(wiring, DEMO)
        _, key = await create_key(wiring, code, SCOPES, "demo")
        say(f"opened the demo property {code}; demo API key (shown once, all scopes): {key}")
        say("another key: nightledger api-key create --help")


def _say_when_locked(keys: GuestKeys, say: Say) -> None:
    """Say when the master key is not the right one: everything is shown then but guests' details, and nothing is written."""
    try:
        keys.derive("links")
    except MasterKeyWrong as wrong:
        say(f"not well: guests' details are locked. {wrong}")


def _announce(settings: Settings, say: Say, *, with_sandbox: bool) -> None:
    """Wait until the site can serve, then say where it is. Raises TimeoutError.

    A read model that stands still is said and does not keep the house closed: bookings do not rest on it.
    """
    address = f"http://{settings.host}:{settings.port}"
    wait_for(f"{address}/livez")
    for name, state in _parts(f"{address}/readyz").items():
        if not state.startswith("ok"):
            say(f"not well: {name} {state}")
    if with_sandbox:
        wait_for(f"http://{settings.host}:{settings.vendor_port}/livez")
        say(f"mails and payments go to the local sandbox http://{settings.host}:{settings.vendor_port}")
    say(f"ready {address}")


def _parts(address: str) -> dict[str, str]:
    parts: dict[str, str] = PoolManager().request("GET", address, timeout=READY_SECONDS).json()["parts"]
    return parts


def wait_for(address: str, seconds: float = READY_SECONDS) -> None:
    """Wait until an address answers 200. Raises TimeoutError."""
    patience = Retry(
        total=int(seconds / LOOK_SECONDS), backoff_factor=LOOK_SECONDS, backoff_max=LOOK_SECONDS, status_forcelist=(503,)
    )
    try:
        answer = PoolManager().request("GET", address, retries=patience, timeout=2)
    except HTTPError:
        answer = None
    if answer is None or answer.status != HTTPStatus.OK:
        message = f"{address} did not become ready in {seconds:.0f} s: read the lines above"
        raise TimeoutError(message)
