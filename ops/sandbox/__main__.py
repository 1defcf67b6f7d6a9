"""Runs the sandbox: `python -m ops.sandbox --port 8001 --state FILE --webhook-url URL …`; `SANDBOX_…` sets defaults."""

import argparse
import sys
from pathlib import Path

import uvicorn

from ops.sandbox.app import create_app
from ops.sandbox.settings import SandboxSettings
from ops.sandbox.store import InUseError

BAD_CONFIGURATION = 2


def settings_from(arguments: list[str]) -> SandboxSettings:
    """Read the command line over the environment."""
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox", description=__doc__)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--state", type=Path, help="SQLite file that keeps everything")
    parser.add_argument("--public-url", help="what browsers use to reach the hosted pages")
    parser.add_argument("--merchant", help="name on the hosted pages")
    parser.add_argument("--default-property")
    parser.add_argument("--webhook-url", help="may contain {property}")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--sendgrid-webhook-url", help="may contain {property}")
    parser.add_argument("--clock-url", dest="clock_urls", action="append", help="a product clock to move along")
    parser.add_argument("--seed", type=int, help="of the webhooks' disturbance")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    return SandboxSettings(**given)


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; 2 when the state file is in use."""
    settings = settings_from(sys.argv[1:] if arguments is None else arguments)
    try:
        app = create_app(settings)
    except InUseError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_CONFIGURATION
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", timeout_graceful_shutdown=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
