"""The command line `nightledger`. Each command is a few lines; what it does lives in the module it names."""

from __future__ import annotations

import sys

import click
from psycopg import OperationalError

from ledger.keys import MasterKeyWrong
from ledger.refusal import Refusal, Unavailable, code_of
from ledger.unreadable import Unreadable
from ops.cli import backups, bookings, groups, keeping, measuring, moving, personal, processes, rooms, seal, stays, upkeep
from ops.cli.running import BAD_USAGE, FAILED
from ops.embedded import EmbeddedServerError
from ops.export import BrokenLog
from ops.import_file import BadExport
from ops.property_file import BadPropertyFile
from ops.settings import BadConfiguration


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="nightledger")
def cli() -> None:
    """Nightledger: an event-sourced reservation ledger for hotels.

    Exit codes: 0 done, 1 the thing checked does not hold, 2 bad usage or configuration.
    """


for command in (
    processes.up, processes.serve, processes.work, processes.follow,
    bookings.hold, bookings.confirm, bookings.cancel, bookings.reservation, bookings.history,
    stays.stay, stays.walk_in,
    rooms.room,
    groups.group, groups.waitlist, groups.turnaway,
    measuring.bench,
    keeping.rebuild, keeping.purge_outcomes,
    moving.export, moving.import_, backups.backup, backups.restore,
    personal.erase_guest, personal.guest, personal.keys,
    seal.verify, seal.anchor, seal.proof, seal.seal_key,
    upkeep.migrate, upkeep.seed, upkeep.stress, upkeep.api_key, upkeep.doctor,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """Run the command line; every expected failure is one clear line."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(BAD_USAGE)
    except (BadConfiguration, EmbeddedServerError, BadPropertyFile, MasterKeyWrong, Unavailable) as wrong:
        sys.exit(_complain(str(wrong), BAD_USAGE))
    except OperationalError as gone:
        sys.exit(_complain(f"the database does not answer: {str(gone).splitlines()[0]}", BAD_USAGE))
    except (Unreadable, BadExport, BrokenLog) as wrong:
        sys.exit(_complain(str(wrong), FAILED))
    except Refusal as refusal:
        sys.exit(_complain(f"refused ({code_of(refusal)}): {refusal.message}", FAILED))


def _complain(text: str, code: int) -> int:
    click.echo(f"nightledger: {text}", err=True)
    return code
