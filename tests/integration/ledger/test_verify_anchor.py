"""The auditor with an anchor from outside: what the database alone cannot tell, and anchors that are of no use."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.seal import Block, signed
from ops.settings import BadConfiguration
from ops.verify_anchor import read_anchor
from tests.integration.ledger.audits import KEY, NOW, THIEF, Damage, blocks_of, first, harm, resigned, seal, verified
from tests.integration.ledger.histories import History
from tests.integration.ledger.ledgers import Ledger

SHORTER = "UPDATE {schema}.seal_tiles SET hashes = substr(hashes, 1, 18 * 32)"
AGAINST_ANCHOR: list[tuple[Damage, int | None, str]] = [
    (["DELETE FROM {schema}.events WHERE position > 18; DELETE FROM {schema}.seals WHERE number > 3", SHORTER], 19,
     "knows the events from here on, and they are missing"),
    ("TRUNCATE {schema}.events; TRUNCATE {schema}.seals; TRUNCATE {schema}.seal_tiles", 1, "the tail of the log is cut"),
    (["DELETE FROM {schema}.seals WHERE number = 4", SHORTER], 19,
     "is not in the seal: the blocks from here on were removed"),
    ("UPDATE {schema}.ledger SET epoch = 0; TRUNCATE {schema}.seals; TRUNCATE {schema}.seal_tiles", 1, "is not in the seal"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "position", "what"), AGAINST_ANCHOR, ids=lambda each: str(each)[:50])
def test_what_only_an_anchor_tells_is_named(
    ledger: Ledger, history: History, damage: Damage, position: int | None, what: str
) -> None:
    anchor = blocks_of(ledger)[-1]
    assert verified(ledger, anchor).holds
    harm(ledger, damage)
    without = verified(ledger)
    assert without.holds, f"control: without the anchor nobody can tell, but: {without.findings}"
    found, said = first(ledger, anchor)
    assert found == position
    assert what in said
    assert history.bookings


def test_a_log_sealed_again_after_a_change_is_known_by_the_anchor(ledger: Ledger, history: History) -> None:
    """Even with the true key."""
    anchor = blocks_of(ledger)[-2]
    ledger.damage("UPDATE {schema}.events SET actor = 'staff' WHERE position = 9")
    resigned(ledger, KEY, said_by_thief=False)
    assert verified(ledger).holds
    said = [each.what for each in verified(ledger, anchor).findings]
    assert said == [
        "block 3 is not the one of the anchor (block 3, 18 events): it was replaced or made again",
        "the first 18 events are not those that the anchor (block 3, 18 events) has signed",
    ]
    assert history.bookings


def test_an_older_anchor_holds_for_ever(ledger: Ledger, history: History) -> None:
    anchors = blocks_of(ledger)
    seal(ledger)
    for anchor in anchors:
        assert verified(ledger, anchor).holds
    assert history.bookings


def test_what_a_restore_left_out_is_known_by_the_anchor(ledger: Ledger, history: History) -> None:
    """Restored to position 15, of which 12 were sealed: the anchors of blocks 1 and 2 still hold, the others know more."""
    anchors = blocks_of(ledger)
    for statement in (
        "DELETE FROM {schema}.events WHERE position > 15", "DELETE FROM {schema}.seals WHERE number > 2",
        "UPDATE {schema}.seal_tiles SET hashes = substr(hashes, 1, 12 * 32)", "UPDATE {schema}.ledger SET epoch = 2",
    ):  # fmt: skip
        ledger.damage(statement)
    seal(ledger)
    assert verified(ledger).holds
    assert verified(ledger).epoch == 2
    assert [verified(ledger, anchor).holds for anchor in anchors] == [True, True, False, False]
    found, said = first(ledger, anchors[3])
    assert found == 16
    assert "knows 9 events that it left out" in said
    assert history.bookings


def test_an_older_copy_is_known_by_the_anchor_of_a_later_epoch(ledger: Ledger, history: History) -> None:
    ledger.damage("UPDATE {schema}.ledger SET epoch = 2")
    seal(ledger)
    anchor = blocks_of(ledger)[-1]
    ledger.damage("UPDATE {schema}.ledger SET epoch = 1")
    ledger.damage("DELETE FROM {schema}.seals WHERE epoch = 2")
    assert any("it is an older copy" in each.what for each in verified(ledger, anchor).findings)
    assert history.bookings


class TestAnchorFiles:
    """What is read from a file that anybody may have had in hand."""

    @pytest.fixture
    def written(self) -> dict[str, Any]:
        block = Block(
            version=1, property_code="ella", number=4, epoch=1, first_position=19, tree_size=24, root=b"\x01" * 32,
            previous=b"\x02" * 32, sealed_at=NOW + timedelta(microseconds=7), key_id=KEY.public.key_id,
        )  # fmt: skip
        return {"format": "nightledger.anchor.v1", "head": signed(block, KEY).as_json(), "public_key": KEY.public.text}

    def test_an_honest_one_is_read(self, written: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "anchor.json"
        path.write_text(json.dumps(written))
        found = read_anchor(path, "ella")
        assert found.block.tree_size == 24
        assert found.block.sealed_at == NOW + timedelta(microseconds=7)
        assert found.is_signed_by(KEY.public)

    def test_every_truncation_is_refused(self, written: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "anchor.json"
        text = json.dumps(written)
        for length in range(len(text)):
            path.write_text(text[:length])
            with pytest.raises(BadConfiguration, match=r"anchor\.json is of no use: it is cut off or was changed"):
                read_anchor(path, "ella")

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("version", 2, "its block has version 2, this release knows 1: run the newer release"),
            ("property_code", "kandy", "it is of the property kandy, not of ella"),
            ("number", 5, "its signature by the key"),
            ("epoch", 2, "its signature by the key"),
            ("first_position", 18, "its signature by the key"),
            ("tree_size", 23, "its signature by the key"),
            ("tree_size", "23", "Expected `int`, got `str` - at `$.head.tree_size`"),
            ("tree_size", 2**70, "cut off or was changed"),
            ("root", "00" * 32, "its signature by the key"),
            ("root", "zz", "non-hexadecimal"),
            ("previous", "00" * 32, "its signature by the key"),
            ("sealed_at", 1, "its signature by the key"),
            ("sealed_at", 10**30, "cut off or was changed"),
            ("key_id", THIEF.public.key_id, "its signature by the key"),
            ("signature", "AAAA", "its signature by the key"),
            ("signature", "A", "signature: "),
        ],
    )  # fmt: skip
    def test_every_changed_field_is_refused(
        self, written: dict[str, Any], tmp_path: Path, field: str, value: object, said: str
    ) -> None:
        path = tmp_path / "anchor.json"
        path.write_text(json.dumps(written | {"head": written["head"] | {field: value}}))
        with pytest.raises(BadConfiguration) as refused:
            read_anchor(path, "ella")
        assert said in str(refused.value)

    def test_another_format_and_no_file_are_refused(self, written: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "anchor.json"
        with pytest.raises(BadConfiguration, match="it cannot be read"):
            read_anchor(path, "ella")
        path.write_text(json.dumps(written | {"format": "nightledger.anchor.v2"}))
        with pytest.raises(BadConfiguration, match=r"its format is 'nightledger.anchor.v2', this release knows"):
            read_anchor(path, "ella")

    def test_an_anchor_of_a_stranger_is_refused(self, ledger: Ledger, history: History) -> None:
        last = blocks_of(ledger)[-1]
        forged = signed(
            Block(
                version=1, property_code=ledger.code, number=4, epoch=1, first_position=19, tree_size=24, root=bytes(32),
                previous=last.block.previous, sealed_at=NOW, key_id=THIEF.public.key_id,
            ),
            THIEF,
        )  # fmt: skip
        with pytest.raises(BadConfiguration, match="which nobody here trusts: name it with --public-key"):
            verified(ledger, forged)
        assert history.bookings
