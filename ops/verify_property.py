"""An audit as it is asked for: which keys are trusted, the anchor's file, the log, and, if wanted, the read models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from ledger.seal_key import PublicKey
from ledger.seal_tables import Seals
from ops.read_models import NAMES
from ops.rebuild import model_named, rebuild
from ops.seal_keys import named, ours_if_any, property_codes
from ops.settings import BadConfiguration
from ops.verify import Report, Verdict, audit
from ops.verify_anchor import read_anchor
from ops.verify_findings import MOST, Finding
from ops.wiring import Wiring


async def verify_property(
    wiring: Wiring, property_code: str, anchor: Path | None, public_keys: Sequence[Path], report: Report, *, models: bool
) -> Verdict:
    """Audit a property. Raises BadConfiguration for what is named wrongly, UnknownBlockVersion."""
    if property_code not in await property_codes(wiring):
        message = f"there is no property {property_code!r}: name one of {', '.join(await property_codes(wiring)) or 'none yet'}"
        raise BadConfiguration(message)
    roots = [named(path) for path in public_keys] or await _our_roots(wiring, property_code)
    signed = read_anchor(anchor, property_code) if anchor else None
    verdict = await audit(wiring.pool.connection, property_code, roots, signed, report)
    if not models:
        return verdict
    found = [finding for name in NAMES for finding in await _of_model(wiring, property_code, name, report)]
    return replace(
        verdict, findings=[*verdict.findings, *found][:MOST], findings_in_all=verdict.findings_in_all + len(found),
        models=list(NAMES),
    )  # fmt: skip


async def _our_roots(wiring: Wiring, property_code: str) -> list[PublicKey]:
    """Trust our own key. Raises BadConfiguration when something is sealed and we have none."""
    ours = ours_if_any(wiring.settings)
    if ours:
        return [ours]
    async with wiring.pool.connection() as connection:
        if await Seals(property_code).last(connection):
            message = "there is no SEAL_KEY here to check signatures with: name the public key with --public-key FILE"
            raise BadConfiguration(message)
    return []


async def _of_model(wiring: Wiring, property_code: str, name: str, report: Report) -> list[Finding]:
    done = await rebuild(wiring, property_code, name, report, dry_run=True)
    if not done.differences:
        return []
    some, stands = ", ".join(done.differences[:5]), await model_named(wiring, property_code, name).position()
    what = (
        f"the read model {name}, at position {stands} of {done.events}, differs from the log in {len(done.differences)} places"
        f" ({some}): start nightledger follow when it is behind, else nightledger rebuild {name}"
    )
    return [Finding(None, what)]
