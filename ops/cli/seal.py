"""The seal: `verify`, `anchor`, `proof`, and `seal-key`.

What they do lives in `ops/verify_property.py`, `queries/proofs.py` and `ops/seal_keys.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from ledger.seal import UnknownBlockVersion
from ops import seal_keys
from ops.cli.keeping import progress
from ops.cli.running import FAILED, JSON, PROPERTY, on_servers, show
from ops.read_models import NAMES
from ops.settings import BadConfiguration
from ops.verify import WALKS, Verdict
from ops.verify_property import verify_property
from ops.wiring import Wiring
from queries.proofs import Proofs, SizeUnknown, UnknownEvent

OUT = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file instead of the screen.")
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@PROPERTY
@click.option("--anchor", type=FILE, default=None, help="A signed head that was kept outside (see nightledger anchor).")
@click.option("--public-key", "public_keys", type=FILE, multiple=True, help="Trust this key (PEM or base64); ours unless said.")
@click.option("--models", is_flag=True, help="Also make the read models again, beside the live ones, and compare.")
@JSON
def verify(property_code: str, anchor: Path | None, public_keys: tuple[Path, ...], models: bool, as_json: bool) -> None:
    """Check seal, order and laws of the whole log; name the first position that is wrong.

    Nothing is written. What is not sealed yet is stated. A tail that was cut together with its seal shows only against an
    anchor.
    """

    async def do(wiring: Wiring) -> Verdict:
        with progress([*WALKS, *(NAMES if models else ())], quiet=as_json) as report:
            return await verify_property(wiring, property_code, anchor, public_keys, report, models=models)

    try:
        verdict = on_servers(do)
    except UnknownBlockVersion as newer:
        raise BadConfiguration(str(newer)) from None
    show(verdict.as_json(), as_json, verdict.text())
    if not verdict.holds:
        sys.exit(FAILED)


@click.command()
@PROPERTY
@OUT
def anchor(property_code: str, out: Path | None) -> None:
    """Write the signed head of the seal, to be kept where nobody who can change the database can change it."""
    _write(on_servers(lambda wiring: _proofs(wiring, property_code).anchor()), out)


@click.command()
@click.argument("position", type=click.IntRange(1, 2**62))
@click.option("--from-size", type=click.IntRange(1, 2**62), default=None, help="Also prove growth since this many events.")
@PROPERTY
@OUT
def proof(position: int, from_size: int | None, property_code: str, out: Path | None) -> None:
    """Prove that the event at POSITION is in the sealed log; ops/verify_proof.py checks it alone."""
    try:
        _write(on_servers(lambda wiring: _proofs(wiring, property_code).proof(position, from_size)), out)
    except (UnknownEvent, SizeUnknown) as unknown:
        raise BadConfiguration(unknown.message) from None


@click.group("seal-key")
def seal_key() -> None:
    """Show the key that signs the seal, or hand the seal over to a new one."""


@seal_key.command("show")
@click.option("--pem", is_flag=True, help="Print only the public key, as other programs read it.")
@JSON
def show_key(pem: bool, as_json: bool) -> None:
    """Show fingerprint and public key; give them to auditors before they need them."""
    key = on_servers(seal_keys.ours)
    text = key.pem.rstrip() if pem else f"fingerprint {key.key_id}\npublic key  {key.text}"
    show({"key_id": key.key_id, "public_key": key.text}, as_json, text)


@seal_key.command("rotate")
@click.option("--from", "former", default=None, help="Fingerprint of the former key, when SEAL_KEY is set to the new one.")
@JSON
def rotate(former: str | None, as_json: bool) -> None:
    """Hand the seal of all properties over to a new key; restart `follow` afterwards.

    Without --from, the key in the data directory is replaced by a new one. With --from, SEAL_KEY is the new key already, and
    says that it follows the former one. Old blocks stay verifiable: public keys are kept.
    """
    done = on_servers(lambda wiring: seal_keys.rotate(wiring, former))
    places = ", ".join(done.properties) or "no property"
    text = f"the key {done.new} now follows {done.former} at {places}: restart nightledger follow"
    show({"key_id": done.new, "former": done.former, "properties": done.properties}, as_json, text)


def _proofs(wiring: Wiring, property_code: str) -> Proofs:
    return Proofs(property_code, wiring.pool, wiring.settings.seal_seconds)


def _write(content: dict[str, Any], out: Path | None) -> None:
    text = json.dumps(content, indent=2)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text + "\n")
    except OSError as wrong:
        message = f"{out} cannot be written ({wrong.strerror}): name another file"
        raise BadConfiguration(message) from None
    click.echo(f"written to {out}", err=True)
