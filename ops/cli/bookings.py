"""The main commands on bookings, for scripts: hold, confirm, cancel, show, history."""

from __future__ import annotations

import json
import sys
from typing import Any, TypeVar
from uuid import UUID, uuid4

import click
from pydantic import ValidationError

from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked
from commands.hold_stay import HoldStay
from ledger.command import Command, Urgency
from ops import history as telling
from ops.cli.running import FAILED, JSON, PROPERTY, on_servers, show
from ops.settings import BadConfiguration
from ops.telling import desk_of, reservation_text
from ops.wiring import Wiring

C = TypeVar("C", bound=Command)
KEY = click.option("--id", "key", default=None, type=click.UUID, help="Command id: the same id and content, the same answer.")


async def dispatch(wiring: Wiring, property_code: str, command: Command, key: UUID | None) -> dict[str, Any]:
    """Have a command decided on the command line's own name; give the answer with its position. Raises Refusal."""
    desk = await desk_of(wiring, property_code)
    command_id = key or uuid4()
    asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
    outcome = await desk.dispatch(command, asked)
    return {**outcome.answer, "position": outcome.position}


@click.command()
@PROPERTY
@click.option("--room-type", required=True)
@click.option("--rate-plan", required=True)
@click.option("--arrival", required=True, help="YYYY-MM-DD")
@click.option("--departure", required=True, help="YYYY-MM-DD")
@click.option("--adults", default=2, show_default=True, help="Adults in each room.")
@click.option("--children", default=0, show_default=True, help="Children in each room.")
@click.option("--rooms", default=1, show_default=True)
@click.option("--wish", "wishes", multiple=True, help="A coded request, such as floor-high; accessible! is a promise.")
@click.option("--slot", type=click.Choice(["night", "day"]), default="night", show_default=True, help="Day use is one date.")
@click.option("--name", required=True, help="The guest's name.")
@click.option("--email", required=True, help="The guest's e-mail.")
@KEY
def hold(property_code: str, key: UUID | None, **wish: Any) -> None:
    """Hold rooms for a guest; prints the reservation as JSON."""
    guest = {"name": wish.pop("name"), "email": wish.pop("email")}
    command = command_of(HoldStay, {**wish, "guest": guest})
    click.echo(json.dumps(on_servers(lambda wiring: dispatch(wiring, property_code, command, key)), indent=2))


@click.command()
@click.argument("reservation_id", type=click.UUID)
@click.option("--guarantee", default="staff", show_default=True, help="On what the booking rests; no names.")
@PROPERTY
@KEY
def confirm(reservation_id: UUID, guarantee: str, property_code: str, key: UUID | None) -> None:
    """Confirm a held reservation without a card payment."""
    command = command_of(ConfirmReservation, {"reservation_id": reservation_id, "guarantee": guarantee})
    click.echo(json.dumps(on_servers(lambda wiring: dispatch(wiring, property_code, command, key)), indent=2))


@click.command()
@click.argument("reservation_id", type=click.UUID)
@click.option("--reason", default="other", show_default=True)
@click.option(
    "--expected-version", "--version", "expected_version", type=int, help="The version that you saw; refused when it moved on."
)
@PROPERTY
@KEY
def cancel(reservation_id: UUID, reason: str, expected_version: int | None, property_code: str, key: UUID | None) -> None:
    """Cancel a reservation by its policy, or give a hold back."""
    asked = {"reservation_id": reservation_id, "reason": reason, "expected_version": expected_version}
    command = command_of(CancelReservation, asked)
    click.echo(json.dumps(on_servers(lambda wiring: dispatch(wiring, property_code, command, key)), indent=2))


def command_of(kind: type[C], content: dict[str, Any]) -> C:
    """Make a command of options. Raises BadConfiguration, which names each wrong one in one line."""
    try:
        return kind.model_validate(content)
    except ValidationError as wrong:
        rules = [f"--{str(problem['loc'][-1]).replace('_', '-')}: {problem['msg']}" for problem in wrong.errors()]
        raise BadConfiguration("; ".join(rules)) from None


@click.group()
def reservation() -> None:
    """Look at reservations."""


@reservation.command("show")
@click.argument("reservation_id", type=click.UUID)
@PROPERTY
@JSON
def show_reservation(reservation_id: UUID, property_code: str, as_json: bool) -> None:
    """Show a reservation as the ledger has it now."""
    answer, text = on_servers(lambda wiring: reservation_text(wiring, property_code, reservation_id))
    show(answer, as_json, text)


@click.command()
@click.argument("subject", metavar="ID")
@click.option("--tree", is_flag=True, help="Show what follows from what, each event under its cause.")
@PROPERTY
@JSON
def history(subject: str, tree: bool, property_code: str, as_json: bool) -> None:
    """Tell who did what, when, why and because of what.

    ID: a reservation (with its payments, messages and room-nights), a payment or a guest by id, or a room-night as
    ROOM/YYYY-MM-DD.
    """
    found = on_servers(lambda wiring: telling.history_of(wiring, property_code, subject))
    text = telling.as_tree(found) if tree else telling.as_text(found)
    show(telling.as_json(found), as_json, text or f"nothing has happened to {subject}")
    if not found.events:
        sys.exit(FAILED)
