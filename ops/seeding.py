"""Opens or updates a property from its definition file: registry, schema, then one command."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from commands.define_property import DefineProperty
from commands.dispatch import Asked
from ledger.command import Outcome, Urgency
from ledger.ids import http_command_id
from ops.migrate import register
from ops.property_file import PropertyFile, read_property_file
from ops.wiring import Wiring
from queries.access import Listed


async def seed(wiring: Wiring, path: Path) -> tuple[str, Outcome]:
    """Open or update the property that a file defines: (its code, the outcome). Raises BadPropertyFile, Refusal."""
    return await define(wiring, read_property_file(path), scratch=False)


async def define(wiring: Wiring, file: PropertyFile, *, scratch: bool) -> tuple[str, Outcome]:
    """Open or update a property. The same definition twice changes nothing. Raises Refusal."""
    hotel = file.definition
    listed = Listed(hotel.code, hotel.time_zone, hotel.currency, scratch)
    await register(wiring.settings.database_url or "", listed)
    content: dict[str, Any] = msgspec.to_builtins({"definition": hotel, "tariff": file.tariff})
    command = DefineProperty(definition=content["definition"], tariff=content["tariff"])
    command_id = await _command_id(wiring, hotel.code, command)
    asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
    return hotel.code, await wiring.dispatch(listed, None)(command, asked)


async def _command_id(wiring: Wiring, code: str, command: DefineProperty) -> UUID:
    """Name the command by its content and by what it changes, so that going back to an earlier definition is possible."""
    content = hashlib.sha256(command.model_dump_json().encode()).hexdigest()
    return http_command_id("cli", f"seed/{code}/{await wiring.streams(code).head()}", content)
