"""How a command of the command line reaches the ledger: its content checked field by field, then sent under its id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import click
from pydantic import ValidationError

from commands.dispatch import Asked
from ledger.command import Command, Urgency
from ops.cli.running import on_servers
from ops.settings import BadConfiguration
from ops.telling import desk_of
from ops.wiring import Wiring


def send(kind: type[Command], content: Mapping[str, Any], property_code: str, key: UUID | None) -> None:
    """Have a command decided and print its answer as JSON. Options that were left out are not part of the content.

    Raises BadConfiguration naming each wrong option, Refusal.
    """
    given = {name: value for name, value in content.items() if value is not None}
    try:
        command = kind.model_validate(given)
    except ValidationError as wrong:
        rules = [f"--{'.'.join(map(str, each['loc'])).replace('_', '-')}: {each['msg']}" for each in wrong.errors()]
        raise BadConfiguration("; ".join(rules)) from None

    async def do(wiring: Wiring) -> dict[str, Any]:
        desk = await desk_of(wiring, property_code)
        command_id = key or uuid4()
        asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
        outcome = await desk.dispatch(command, asked)
        return {**outcome.answer, "position": outcome.position}

    click.echo(json.dumps(on_servers(do), indent=2, default=str))
