"""Proofs out of a real database: they check alone, from any directory, and nothing that was changed in them does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection
from ledger.refusal import Refusal
from ops import verify_proof
from queries.proofs import Damaged, Proofs, SizeUnknown, UnknownEvent, Unsealed
from tests.integration.ledger.audits import HEAD, KEY, SEALED, THIEF, seal
from tests.integration.ledger.histories import History
from tests.integration.ledger.ledgers import Ledger

PROGRAM = Path(verify_proof.__file__)
Json = dict[str, Any]


def asked(ledger: Ledger, ask: Callable[[Proofs], Any]) -> Json:
    """Ask for a proof or an anchor."""

    async def run() -> Json:
        async with AsyncConnectionPool[Connection](ledger.url, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
            found: Json = await ask(Proofs(ledger.code, pool, 10))
            return found

    return asyncio.run(run())


def refused(ledger: Ledger, kind: type[Refusal], ask: Callable[[Proofs], Any]) -> str:
    with pytest.raises(kind) as refusal:
        asked(ledger, ask)
    return refusal.value.message


def alone(folder: Path, proof: Json, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a stranger does: isolated, from another directory."""
    (folder / "proof.json").write_text(json.dumps(proof))
    words = [sys.executable, "-I", str(PROGRAM), "proof.json", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=30)


def checked(folder: Path, proof: Json, key: str | None = None, anchor: Json | None = None) -> list[str]:
    """Check within this process, where many proofs are tried."""
    (folder / "proof.json").write_text(json.dumps(proof))
    (folder / "anchor.json").write_text(json.dumps(anchor))
    return verify_proof.check(folder / "proof.json", key, folder / "anchor.json" if anchor else None)


def proven(ledger: Ledger, wanted: list[tuple[int, int | None]]) -> list[Json]:
    """Ask for the proofs of several (position, from_size)."""

    async def ask(proofs: Proofs) -> Json:
        return {"proofs": [await proofs.proof(position, from_size) for position, from_size in wanted]}

    found: list[Json] = asked(ledger, ask)["proofs"]
    return found


def test_every_sealed_event_is_proven(ledger: Ledger, history: History, tmp_path: Path) -> None:
    for position, proof in enumerate(proven(ledger, [(position, None) for position in range(1, SEALED + 1)]), 1):
        said = checked(tmp_path, proof, KEY.public.text)
        assert said[0].startswith(f"position {position}: room-night.")
        assert said[1] == f"is among the first {SEALED} events of property {ledger.code}, epoch 1,"
    assert history.bookings


def test_the_program_stands_alone(ledger: Ledger, history: History, tmp_path: Path) -> None:
    key, pem = tmp_path / "key.txt", tmp_path / "key.pem"
    key.write_text(KEY.public.text + "\n")
    pem.write_text(KEY.public.pem)
    anchor = asked(ledger, lambda proofs: proofs.anchor())
    (tmp_path / "anchor.json").write_text(json.dumps(anchor))
    seal(ledger)
    proof = asked(ledger, lambda proofs: proofs.proof(7, SEALED))
    done = alone(tmp_path, proof, "--public-key", "key.txt", "--anchor", "anchor.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the log continues the anchor of {SEALED} events" in done.stdout
    assert done.stdout.endswith("holds\n")
    assert alone(tmp_path, proof, "--public-key", "key.pem").returncode == 0
    assert "compare it with one that you had before" in alone(tmp_path, proof).stdout
    proof["event"]["actor"] = "staff"
    forged = alone(tmp_path, proof)
    assert (forged.returncode, forged.stdout) == (1, "")
    assert forged.stderr == "DOES NOT HOLD: the event is not the one that was sealed at position 7\n"
    assert alone(tmp_path, {"format": "nightledger.proof.v1"}).returncode == 2
    assert "cannot be checked" in alone(tmp_path, {}).stderr
    assert history.bookings


def test_the_program_imports_nothing_of_ours() -> None:
    ours = {"ledger", "aggregates", "commands", "projections", "queries", "sagas", "web", "ops", "tests", "msgspec", "psycopg"}
    script = f"import runpy, sys; runpy.run_path({str(PROGRAM)!r}); print(sorted({ours!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "[]\n"


def forgeries(proof: Json) -> Iterator[tuple[str, Json]]:
    """Change each thing that a proof says, one at a time."""
    for part in ("event", "head"):
        for field, value in proof[part].items():
            for other in _others(value):
                yield f"{part}.{field}={other}", {**proof, part: {**proof[part], field: other}}
    path, growth = proof["audit_path"], proof["consistency"]
    for index, node in enumerate(path):
        yield f"path[{index}]", {**proof, "audit_path": [*path[:index], _flipped(node), *path[index + 1 :]]}
    yield "path shorter", {**proof, "audit_path": path[:-1]}
    yield "path longer", {**proof, "audit_path": [*path, "00" * 32]}
    yield "path reversed", {**proof, "audit_path": path[::-1]}
    yield "public_key", {**proof, "public_key": THIEF.public.text}
    yield "format", {**proof, "format": "nightledger.proof.v2"}
    yield "growth.from_size", {**proof, "consistency": {**growth, "from_size": growth["from_size"] + 1}}
    yield "growth.from_root", {**proof, "consistency": {**growth, "from_root": "00" * 32}}
    yield "growth.path", {**proof, "consistency": {**growth, "path": growth["path"][1:]}}
    for field in ("event", "head", "audit_path", "public_key", "format"):
        yield f"without {field}", {name: value for name, value in proof.items() if name != field}


def _others(value: Any) -> list[Any]:
    match value:
        case None:
            return [0, ""]
        case int():
            return [value + 1, -value, str(value), None, float(value), 2**64]
        case str() if len(value) > 40 and value.endswith("="):
            return [b64encode(b64decode(value)[:-1] + b"\x00").decode(), value[:-4], None]
        case str():
            return [_flipped(value), value + "x", "", None, value.upper() if value.upper() != value else value + " "]
    raise AssertionError(value)


def _flipped(text: str) -> str:
    return ("1" if text[0] != "1" else "2") + text[1:]


def test_no_forged_proof_holds(ledger: Ledger, history: History, tmp_path: Path) -> None:
    (proof,) = proven(ledger, [(8, 13)])
    checked(tmp_path, proof)
    tried = list(forgeries(proof))
    held = []
    for name, forged in tried:
        try:
            checked(tmp_path, forged)
        except (verify_proof.Wrong, verify_proof.Useless, TypeError, ValueError, KeyError, OverflowError):
            continue
        held.append(name)
    assert held == []
    assert len(tried) > 100
    assert history.bookings


def test_a_proof_of_another_key_is_refused(ledger: Ledger, history: History, tmp_path: Path) -> None:
    proof = asked(ledger, lambda proofs: proofs.proof(8))
    with pytest.raises(verify_proof.Wrong, match="signed by another key than the one you gave"):
        checked(tmp_path, proof, THIEF.public.text)
    for useless in ("", "AAAA", "no key", str(tmp_path)):
        with pytest.raises(verify_proof.Useless, match="the public key"):
            checked(tmp_path, proof, useless)
    assert history.bookings


def test_anchors_and_proofs_are_held_together(ledger: Ledger, history: History, tmp_path: Path) -> None:
    old = asked(ledger, lambda proofs: proofs.anchor())
    seal(ledger)
    new = asked(ledger, lambda proofs: proofs.anchor())
    proof, grown = asked(ledger, lambda proofs: proofs.proof(8)), asked(ledger, lambda proofs: proofs.proof(8, SEALED))
    assert f"the log continues the anchor of {SEALED} events" in checked(tmp_path, grown, anchor=old)
    assert f"the log continues the anchor of {HEAD} events" in checked(tmp_path, proof, anchor=new)
    with pytest.raises(verify_proof.Useless, match=f"ask for the proof with --from-size {SEALED}"):
        checked(tmp_path, proof, anchor=old)
    for field, value in (("root", "00" * 32), ("tree_size", SEALED - 1), ("signature", new["head"]["signature"])):
        with pytest.raises(verify_proof.Wrong, match="the signature of the anchor does not hold"):
            checked(tmp_path, grown, anchor=old | {"head": old["head"] | {field: value}})
    assert history.bookings


def test_growth_is_proven_from_every_size(ledger: Ledger, history: History, tmp_path: Path) -> None:
    seal(ledger)
    for old, proof in enumerate(proven(ledger, [(1, old) for old in range(1, HEAD + 1)]), 1):
        said = checked(tmp_path, proof)
        assert any(line.startswith(f"the log has only grown since it had {old} events") for line in said)
    assert history.bookings


def test_proofs_hold_where_tiles_are_full(ledger: Ledger, tmp_path: Path) -> None:
    History(ledger).happens(90)
    seal(ledger, limit=200)
    for proof in proven(ledger, [(position, min(position, 512)) for position in (1, 255, 256, 257, 511, 512, 513, 540)]):
        checked(tmp_path, proof)


def test_what_cannot_be_proven_says_why(ledger: Ledger, history: History) -> None:
    unsealed = "Position 25 is not sealed yet: events are sealed about every 10 s, try again then."
    assert refused(ledger, Unsealed, lambda proofs: proofs.proof(25)) == unsealed
    beyond = "The log ends at position 30: ask for an event from 1 to 30."
    assert refused(ledger, UnknownEvent, lambda proofs: proofs.proof(31)) == beyond
    sizes = "The sealed log has 24 events: name a size from 1 to 24."
    assert refused(ledger, SizeUnknown, lambda proofs: proofs.proof(1, 0)) == sizes
    assert refused(ledger, SizeUnknown, lambda proofs: proofs.proof(1, 25)) == sizes
    assert history.bookings


def test_nothing_is_proven_before_the_first_block(ledger: Ledger) -> None:
    History(ledger).happens()
    assert refused(ledger, Unsealed, lambda proofs: proofs.anchor()).startswith("Nothing is sealed yet")
    assert refused(ledger, Unsealed, lambda proofs: proofs.proof(1)).startswith("Nothing is sealed yet")


DAMAGE = [
    ("UPDATE {schema}.events SET actor = 'staff' WHERE position = 8", "The event at position 8 is not the one that was sealed"),
    ("DELETE FROM {schema}.events WHERE position = 8", "The event at position 8 is missing from the log"),
    ("UPDATE {schema}.seals SET root = set_byte(root, 0, 1 # get_byte(root, 0))", "The signature of block 4 does not hold"),
    ("TRUNCATE {schema}.seal_tiles", "The seal is damaged"),
    ("TRUNCATE {schema}.seal_keys", "The signature of block 4 does not hold"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGE, ids=[damage[:40] for damage, _ in DAMAGE])
def test_a_damaged_log_proves_nothing(ledger: Ledger, history: History, damage: str, said: str) -> None:
    ledger.damage(damage)
    assert refused(ledger, Damaged, lambda proofs: proofs.proof(8)).startswith(said)
    assert history.bookings
