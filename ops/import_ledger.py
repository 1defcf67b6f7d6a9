"""Puts an exported log into an empty ledger, all of it or nothing: one transaction, with positions and times as they were.

Read models are not written here: the followers fill them from the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from psycopg import DataError, errors, sql

from ledger import merkle_tiles
from ledger.leaf import leaf_hash
from ledger.log import EVENT_COLUMNS, Connection, Log
from ledger.merkle_tiles import Tiles
from ledger.schema import schema_name
from ledger.seal_tables import Seals
from ops.catalogue import CATALOGUE
from ops.export_lines import Header
from ops.import_file import BadExport, ExportFile, Readable
from ops.migrate import create_property, list_property
from ops.settings import BadConfiguration
from ops.wiring import Wiring

Report = Callable[[int], None]
"""Told how many bytes of the file are done."""

REPORT_EVERY = 1000
PAGE = 5000
TABLES = {
    "event": ("events", EVENT_COLUMNS, "int8 uuid int4 text bytea timestamptz timestamptz uuid int4 int4 uuid int8 text date"),
    "outcome": (
        "outcomes", "command_id, fingerprint, actor, recorded_at, position, outcome", "uuid bytea text timestamptz int8 bytea"
    ),
    "seal-key": ("seal_keys", "key_id, public_key, predecessor, signature", "text bytea text bytea"),
    "seal": (
        "seals", "number, version, epoch, first_position, tree_size, root, previous, sealed_at, key_id, signature",
        "int8 int4 int4 int8 int8 bytea bytea timestamptz text bytea",
    ),
}  # fmt: skip
"""Where the lines of a kind go: table, columns, and their types for a binary COPY."""


@dataclass(frozen=True)
class Imported:
    """What an import wrote."""

    property_code: str
    last_position: int
    events: int
    outcomes: int
    seals: int


async def import_ledger(
    wiring: Wiring, source: BinaryIO, property_code: str | None, report: Report, readable: Readable = CATALOGUE.read
) -> Imported:
    """Import a file. Raises BadExport, Unreadable, and BadConfiguration for another property or a ledger that is not empty."""
    file = ExportFile(source, readable)
    header = file.header
    if property_code not in {None, header.property.code}:
        message = f"the file holds the property {header.property.code}, not {property_code}: its ids depend on the code"
        raise BadConfiguration(message)
    async with wiring.pool.connection() as connection, connection.transaction():
        await _prepare(connection, header)
        try:
            counts = await _copy(connection, file, report)
        except (errors.UniqueViolation, DataError, OverflowError) as wrong:
            message = f"the database does not take what the file holds ({' '.join(str(wrong).split())}): export again"
            raise BadExport(message) from wrong
        await _grow_tiles(connection, header.property.code)
        epoch = sql.SQL("UPDATE {}.ledger SET epoch = %s").format(sql.Identifier(schema_name(header.property.code)))
        await connection.execute(epoch, [header.epoch])
    return Imported(header.property.code, header.last_position, counts["event"], counts["outcome"], counts["seal"])


async def _prepare(connection: Connection, header: Header) -> None:
    """Open the property if need be and hold its ledger, which must be empty. Raises BadConfiguration."""
    code = header.property.code
    # The file may come slowly, through a pipe.
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    if await list_property(connection, header.property.listed):
        await create_property(connection, code)
    log = Log(code)
    await log.lock(connection)
    head, _ = await log.head(connection)
    others = sql.SQL("SELECT FROM {schema}.outcomes UNION ALL SELECT FROM {schema}.seals LIMIT 1").format(
        schema=sql.Identifier(schema_name(code))
    )
    if head or (await connection.execute(others)).rowcount:
        message = (
            f"the ledger of {code} is not empty, it ends at position {head}: import into a server on which {code} was not"
            " opened yet (another DATA_DIR or DATABASE_URL)"
        )
        raise BadConfiguration(message)


async def _copy(connection: Connection, file: ExportFile, report: Report) -> Counter[str]:
    counts: Counter[str] = Counter()
    schema = sql.Identifier(schema_name(file.header.property.code))
    for kind, rows in groupby(file, key=lambda kind_and_row: kind_and_row[0]):
        table, columns, types = TABLES[kind]
        statement = sql.SQL("COPY {}.{} ({}) FROM STDIN (FORMAT BINARY)").format(
            schema, sql.Identifier(table), sql.SQL(columns)
        )
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types.split())
            for _, row in rows:
                await copy.write_row(row)
                counts[kind] += 1
                if counts[kind] % REPORT_EVERY == 0:
                    report(file.read_bytes)
    return counts


async def _grow_tiles(connection: Connection, code: str) -> None:
    """Make the tree of the sealed events again, and see that it is the one which was signed. Raises BadExport."""
    seals, log = Seals(code), Log(code)
    last = await seals.last(connection)
    size = last.block.tree_size if last else 0
    position = 0
    edge: Tiles = {}
    while position < size:
        rows = await log.tail(connection, position, PAGE)
        leaves = [leaf_hash(row) for row in rows if row.position <= size]
        grown = merkle_tiles.grown(edge, position, leaves)
        await seals.keep_tiles(connection, grown)
        position += len(leaves)
        edge = {place: {**edge, **grown}[place] for place in merkle_tiles.edge(position)}
    if last and size and merkle_tiles.root(edge, size) != last.block.root:
        message = f"the events do not give the root of seal {last.block.number}: the log was changed before it was exported"
        raise BadExport(message)
