"""Checks a proof of Nightledger alone: `python verify_proof.py proof.json [--public-key FILE] [--anchor anchor.json]`.

Needs Python and the package `cryptography`, and nothing else of this project, so that an auditor can read all of it. The
formats are said in docs/adr/0010-seal.md. Exit 0: everything holds. 1: something does not. 2: what was given is of no use.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import hashlib
import json
import struct
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

Json = dict[str, Any]
Write = Callable[[Any], bytes]


class Useless(Exception):
    """A file or an argument cannot be used at all."""


class Wrong(Exception):
    """What was to be proven is not."""


# —— Canonical bytes ——————————————————————————————————————————————————————————————————————————————————————————————————


def integer(value: Any) -> bytes:
    """Write an integer in 8 bytes, big-endian, signed."""
    if type(value) is not int:
        raise Useless(f"{value!r} is not an integer")
    return struct.pack(">q", value)


def text(value: Any) -> bytes:
    """Write text in UTF-8."""
    if not isinstance(value, str):
        raise Useless(f"{value!r} is not text")
    return value.encode()


def identifier(value: Any) -> bytes:
    """Write an id in 16 bytes; only its usual form is taken."""
    found = uuid.UUID(value)
    if str(found) != value:
        raise Useless(f"{value!r} is not an id in lower case with hyphens")
    return found.bytes


def from_base64(value: Any) -> bytes:
    """Read base64; only its one canonical form is taken, so that no two texts mean the same."""
    found = base64.b64decode(value, validate=True)
    if base64.b64encode(found).decode() != value:
        raise Useless(f"{value!r} is not canonical base64")
    return found


def from_hex(value: Any) -> bytes:
    """Read a hash of 32 bytes in lower-case hexadecimal."""
    found = bytes.fromhex(value)
    if found.hex() != value or len(found) != 32:  # noqa: PLR2004 - SHA-256
        raise Useless(f"{value!r} is not a hash of 64 hexadecimal digits in lower case")
    return found


def date(value: Any) -> bytes:
    """Write a date as YYYY-MM-DD."""
    if dt.date.fromisoformat(value).isoformat() != value:
        raise Useless(f"{value!r} is not a date as YYYY-MM-DD")
    return text(value)


EVENT: dict[str, Write] = {
    "position": integer, "stream": identifier, "version": integer, "topic": text, "payload": from_base64,
    "occurred_at": integer, "recorded_at": integer, "command_id": identifier, "command_index": integer,
    "command_count": integer, "correlation_id": identifier, "cause_position": integer, "actor": text, "business_date": date,
}  # fmt: skip
"""The columns of an event in the order in which they are hashed."""
MAY_BE_ABSENT = {"command_id", "correlation_id", "cause_position", "business_date"}
BLOCK: dict[str, Write] = {
    "version": integer, "property_code": text, "number": integer, "epoch": integer, "first_position": integer,
    "tree_size": integer, "sealed_at": integer, "root": from_hex, "previous": from_hex, "key_id": text,
}  # fmt: skip
"""The fields of a block in the order in which they are signed."""


def prefixed(field: bytes) -> bytes:
    """Put a field's length (4 bytes, big-endian) before it."""
    return struct.pack(">I", len(field)) + field


def written(record: Json, fields: dict[str, Write], absent: set[str]) -> bytes:
    """Write all fields of a record, each with its length; the length of an absent one is 0xFFFFFFFF."""
    parts = []
    for name, write in fields.items():
        if record[name] is None and name in absent:
            parts.append(b"\xff\xff\xff\xff")
            continue
        try:
            parts.append(prefixed(write(record[name])))
        except (TypeError, ValueError, AttributeError, struct.error, Useless) as wrong:
            raise Useless(f"field {name}: {wrong}") from None
    return b"".join(parts)


# —— What is proven ———————————————————————————————————————————————————————————————————————————————————————————————————


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node of the tree."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_signed(head: Json, key: bytes, what: str) -> None:
    """Check that a head is signed by a key. Raises Wrong."""
    if head["version"] != 1:
        raise Useless(f"{what} has version {head['version']}, this program knows 1: take a newer one")
    if head["key_id"] != hashlib.sha256(key).hexdigest()[:32]:
        raise Wrong(f"{what} names the key {head['key_id']}, which is not the public key given")
    try:
        signature = from_base64(head["signature"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, prefixed(b"nightledger.seal") + written(head, BLOCK, set()))
    except InvalidSignature:
        raise Wrong(f"the signature of {what} does not hold: it was changed or forged") from None


def check_inclusion(event: Json, path: list[bytes], size: int, root: bytes) -> None:
    """Check that an event is the leaf at its position in the tree (RFC 9162, section 2.1.3.2). Raises Wrong."""
    node, last = event["position"] - 1, size - 1
    found = hashlib.sha256(b"\x00" + written(event, EVENT, MAY_BE_ABSENT)).digest()
    if not 0 <= node <= last:
        raise Wrong(f"position {event['position']} is not among the {size} events of the head")
    for sibling in path:
        if last == 0:
            raise Wrong("the audit path is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or found != root:
        raise Wrong(f"the event is not the one that was sealed at position {event['position']}")


def check_growth(old: int, old_root: bytes, new: int, new_root: bytes, path: list[bytes]) -> None:
    """Check that the new log begins with the old one (RFC 9162, section 2.1.4.2). Raises Wrong."""
    nodes = [old_root, *path] if old & (old - 1) == 0 else path
    if old == new:
        nodes = [] if path or old_root != new_root else [old_root]
    if not 0 < old <= new or not nodes:
        raise Wrong(f"a log of {new} events is not shown to have grown from one of {old}")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise Wrong("the consistency path is too long")
        if node & 1 or node == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        node, last = node >> 1, last >> 1
    if (old != new and last != 0) or old_found != old_root or new_found != new_root:
        raise Wrong(f"the first {old} events are not those that they were then")


# —— Files and the answer —————————————————————————————————————————————————————————————————————————————————————————————


def read(path: Path, form: str, names: set[str]) -> Json:
    """Read a file and check that it is complete. Raises Useless."""
    try:
        found: Json = json.loads(path.read_text())
        given, head = set(found), set(found["head"])
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise Useless(f"{path} cannot be read, or is cut off ({wrong})") from None
    if found.get("format") != form:
        raise Useless(f"{path} has the format {found.get('format')!r}, this program knows {form}")
    if given - {"consistency"} != names or head != {*BLOCK, "signature"}:
        raise Useless(f"{path} does not have the fields of a {form}")
    return found


def public_key(given: str) -> bytes:
    """Read a public key: a file, or itself, in PEM or base64. Raises Useless."""
    try:
        content = Path(given).read_text() if Path(given).exists() else given
        if "-----BEGIN" not in content:
            raw = from_base64(content.strip())
        else:
            raw = load_pem_public_key(content.encode()).public_bytes(Encoding.Raw, PublicFormat.Raw)
    except (OSError, ValueError) as wrong:
        raise Useless(f"the public key is of no use ({wrong}): give PEM, or base64 of 32 bytes") from None
    if len(raw) != 32:  # noqa: PLR2004 - Ed25519
        raise Useless(f"the public key has {len(raw)} bytes, not 32: give PEM, or base64 of 32 bytes")
    return raw


def check(proof_path: Path, key_given: str | None, anchor_path: Path | None) -> list[str]:
    """Check everything; give what is proven, in lines. Raises Wrong, Useless."""
    proof = read(proof_path, "nightledger.proof.v1", {"format", "event", "audit_path", "head", "public_key"})
    event, head = proof["event"], proof["head"]
    if not isinstance(event, dict) or set(event) != set(EVENT):
        raise Useless(f"{proof_path} does not have all columns of an event")
    key = public_key(proof["public_key"])
    if key_given is not None and public_key(key_given) != key:
        raise Wrong("the proof is signed by another key than the one you gave")
    check_signed(head, key, f"the head (block {head['number']})")
    check_inclusion(event, [from_hex(each) for each in proof["audit_path"]], head["tree_size"], from_hex(head["root"]))
    said = [
        f"position {event['position']}: {event['topic']} by {event['actor']}, recorded {moment(event['recorded_at'])}",
        f"is among the first {head['tree_size']} events of property {head['property_code']}, epoch {head['epoch']},",
        f"as block {head['number']} has signed at {moment(head['sealed_at'])} with the key {head['key_id']}",
    ]
    growth = proof.get("consistency")
    if growth is not None:
        if set(growth) != {"from_size", "from_root", "path"} or type(growth["from_size"]) is not int:
            raise Useless(f"{proof_path} does not have the fields of a consistency proof")
        path = [from_hex(each) for each in growth["path"]]
        check_growth(growth["from_size"], from_hex(growth["from_root"]), head["tree_size"], from_hex(head["root"]), path)
        said.append(f"the log has only grown since it had {growth['from_size']} events (root {growth['from_root']})")
    if anchor_path is not None:
        said.append(check_anchor(read(anchor_path, "nightledger.anchor.v1", {"format", "head", "public_key"}), head, growth))
    if key_given is None:
        said.append("the key is the proof's own: compare it with one that you had before, or give that with --public-key")
    return said


def check_anchor(anchor: Json, head: Json, growth: Json | None) -> str:
    """Check that the proof's head continues an anchor. Raises Wrong, Useless."""
    old = anchor["head"]
    check_signed(old, public_key(anchor["public_key"]), "the anchor")
    if old["property_code"] != head["property_code"]:
        raise Wrong(f"the anchor is of property {old['property_code']}, the proof of {head['property_code']}")
    size, root = (growth["from_size"], growth["from_root"]) if growth else (head["tree_size"], head["root"])
    if old["tree_size"] != size:
        raise Useless(f"the anchor has {old['tree_size']} events: ask for the proof with --from-size {old['tree_size']}")
    if old["root"] != root:
        raise Wrong(f"the first {size} events are not those that the anchor has signed")
    signer = "" if old["key_id"] == head["key_id"] else f", which the former key {old['key_id']} has signed"
    return f"the log continues the anchor of {size} events{signer}"


def moment(microseconds: int) -> str:
    """Write an instant for people."""
    start = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - runs on older Pythons, too
    return (start + dt.timedelta(microseconds=microseconds)).isoformat()


def main() -> int:
    """Check what the command line names; give the exit code."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("proof", type=Path, help="what `nightledger proof POSITION` or GET /events/{position}/proof gave")
    asked.add_argument("--public-key", help="the key that you trust: a file or the text itself, PEM or base64")
    asked.add_argument("--anchor", type=Path, help="a signed head that you kept (`nightledger anchor`)")
    given = asked.parse_args()
    try:
        print("\n".join(check(given.proof, given.public_key, given.anchor)))
    except Wrong as wrong:
        print(f"DOES NOT HOLD: {wrong}", file=sys.stderr)
        return 1
    except (Useless, TypeError, ValueError, KeyError, OverflowError) as useless:
        print(f"cannot be checked: {useless}", file=sys.stderr)
        return 2
    print("holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
