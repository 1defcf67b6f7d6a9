"""Audits a property's log: recomputes everything from the events, names the first position that is wrong, and what is.

Two walks in short pages, in order of position and stream by stream, so that memory stays flat and no snapshot grows old.
Nothing is written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, to_builtins
from psycopg import DataError, sql

from ledger.log import EVENT_COLUMNS, Log, Row
from ledger.schema import schema_name
from ledger.seal import SignedBlock
from ledger.seal_key import PublicKey
from ledger.seal_tables import Seals
from ops.verify_anchor import check_anchor, check_trust
from ops.verify_blocks import ChainCheck, Trust
from ops.verify_findings import Finding, Findings
from ops.verify_log import LogCheck
from ops.verify_seal import SealCheck
from ops.verify_streams import NIGHT, StreamCheck
from ops.verify_tiles import Lend, check_tiles

PAGE = 4000
SHOWN = 10
WALKS = ("log", "streams")
Report = Callable[[str, int, int], None]
"""Told (walk, events done, events in all)."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What an audit came to. Without findings everything holds, up to the unsealed tail, which only time can protect."""

    property_code: str
    head: int
    epoch: int
    blocks: int
    sealed: int
    unsealed_events: int
    unsealed_seconds: float
    signed_by: list[str]
    anchored: int | None
    findings: list[Finding]
    findings_in_all: int
    seconds: float
    models: list[str] = []

    @property
    def holds(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Write it for programs."""
        return {"holds": self.holds, **to_builtins(self)}

    def text(self) -> str:
        """Say it in lines: what was checked, what is not sealed yet, and what is wrong, the first position first."""
        keys = ", ".join(self.signed_by) or "nobody"
        lines = [
            f"{self.property_code}: {self.head} events, epoch {self.epoch}, in {self.seconds:.1f} s",
            f"sealed up to position {self.sealed} in {self.blocks} blocks, signed by {keys}",
            f"unsealed tail: {self.unsealed_events} events, the oldest {self.unsealed_seconds:.0f} s old",
        ]
        if self.anchored is not None:
            lines.append(f"held against an anchor of {self.anchored} events")
        if self.models:
            lines.append(f"read models compared: {', '.join(self.models)}")
        shown = [f"WRONG {finding.text()}" for finding in self.findings[:SHOWN]]
        if self.findings_in_all > SHOWN:
            shown.append(f"and {self.findings_in_all - SHOWN} more: see --json")
        return "\n".join([*lines, *(shown or ["everything holds"])])


async def audit(
    lend: Lend, property_code: str, roots: Sequence[PublicKey], anchor: SignedBlock | None, report: Report
) -> Verdict:
    """Walk through a property's log up to its present head. Raises UnknownBlockVersion, BadConfiguration."""
    began = time.monotonic()
    seals, findings = Seals(property_code), Findings()
    async with lend() as connection:
        kept_leaves = await seals.leaves(connection)
        last = await seals.last(connection)
        head, _ = await Log(property_code).head(connection)
        epoch = await seals.epoch(connection)
        trust = Trust(property_code, roots, await seals.keys(connection))
    if anchor:
        check_trust(anchor, trust)
    chain = ChainCheck(trust, findings, anchor)
    sealed = last.block.tree_size if last else 0
    if kept_leaves > sealed:
        findings.add(
            sealed + 1, f"the seal has kept {kept_leaves} leaves, but its last block ends at {sealed}: a block is missing"
        )
    seal = SealCheck(seals, chain, findings, last, anchor.block.tree_size if anchor else 0)
    # One walk calculates while the other waits for the database.
    streams = asyncio.ensure_future(_by_stream(lend, property_code, head, findings, report))
    try:
        await _by_position(lend, property_code, head, seal, findings, report)
        await streams
    finally:
        streams.cancel()
        await asyncio.wait([streams])
    await check_tiles(lend, seals, min(sealed, kept_leaves), findings)
    if head < sealed:
        findings.add(head + 1, f"the log ends before this position, but {sealed} events are sealed: its tail is cut")
    if anchor:
        check_anchor(anchor, head=head, epoch=epoch, chain=chain, root=seal.root_at_anchor, findings=findings)
    async with lend() as connection:
        age = await Log(property_code).age(connection, sealed + 1) if head > sealed else 0.0
    return Verdict(
        property_code=property_code, head=head, epoch=epoch, blocks=chain.blocks, sealed=sealed,
        unsealed_events=max(0, head - sealed), unsealed_seconds=age, signed_by=sorted(chain.signers),
        anchored=anchor.block.tree_size if anchor else None, findings=findings.sorted(), findings_in_all=findings.total,
        seconds=time.monotonic() - began,
    )  # fmt: skip


async def _by_position(lend: Lend, property_code: str, head: int, seal: SealCheck, findings: Findings, report: Report) -> None:
    log = LogCheck(findings)
    async for page in _pages(lend, property_code, head):
        async with lend() as connection:
            await seal.load(connection, page[-1][0])
        for position, row in page:
            for missing in range(log.position + 1, position):
                seal.see(missing, None)
            seal.see(position, row if isinstance(row, Row) else None)
            if isinstance(row, Row):
                log.see(row)
            else:
                log.unreadable(position, row)
        report("log", log.position, head)
    log.end()
    for beyond in range(log.position, seal.until, PAGE):
        until = min(beyond + PAGE, seal.until)
        async with lend() as connection:
            await seal.load(connection, until)
        for missing in range(beyond + 1, until + 1):
            seal.see(missing, None)
    async with lend() as connection:
        await seal.load(connection, seal.until)
    seal.end()


async def _pages(lend: Lend, property_code: str, head: int) -> AsyncIterator[list[tuple[int, Row | str]]]:
    """Yield (position, row) in order; in place of a row that cannot be handed out, why."""
    schema = sql.Identifier(schema_name(property_code))
    parts = {"schema": schema, "columns": sql.SQL(EVENT_COLUMNS)}
    whole = sql.SQL("SELECT {columns} FROM {schema}.events WHERE position > %s AND position <= %s ORDER BY position LIMIT %s")
    place = sql.SQL("SELECT position FROM {schema}.events WHERE position > %s AND position <= %s ORDER BY position LIMIT %s")
    position, limit = 0, PAGE
    while position < head:
        async with lend() as connection, connection.cursor(binary=True) as cursor:
            try:
                await cursor.execute(whole.format(**parts), [position, head, limit])
                page: list[tuple[int, Row | str]] = [(row[0], Row(*row)) for row in await cursor.fetchall()]
            except DataError as wrong:
                if limit > 1:
                    limit = max(1, limit // 8)
                    continue
                await cursor.execute(place.format(**parts), [position, head, 1])
                page = [(row[0], str(wrong)) for row in await cursor.fetchall()]
                limit = PAGE
        if not page:
            return
        yield page
        position = page[-1][0]


async def _by_stream(lend: Lend, property_code: str, head: int, findings: Findings, report: Report) -> None:
    check = StreamCheck(property_code, findings)
    statement = sql.SQL(
        "SELECT stream, version, position, topic, CASE WHEN starts_with(topic, %s) THEN payload END FROM {}.events"
        " WHERE (stream, version, position) > (%s, %s, %s) AND position <= %s ORDER BY stream, version, position LIMIT %s"
    ).format(sql.Identifier(schema_name(property_code)))
    place: tuple[Any, ...] = (UUID(int=0), 0, 0)
    done = 0
    while True:
        async with lend() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(statement, [NIGHT, *place, head, PAGE])
            page = await cursor.fetchall()
        for row in page:
            check.see(*row)
        done += len(page)
        report("streams", done, head)
        if len(page) < PAGE:
            return
        place = page[-1][:3]
