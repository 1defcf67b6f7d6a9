"""Checks the chain of blocks: numbers, links, ranges, epochs, times, keys and signatures. The trees: `ops/verify_seal.py`."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.seal import NO_BLOCK, SignedBlock
from ledger.seal_key import PublicKey, Succession, trusted_keys
from ops.verify_findings import Findings


class Trust:
    """The keys that may have signed: those that the auditor brings, and whom trusted keys say that they follow."""

    def __init__(self, property_code: str, roots: Sequence[PublicKey], said: Sequence[Succession]) -> None:
        self._property_code = property_code
        self._said = said
        self._trusted = trusted_keys(property_code, said, roots)

    def key(self, key_id: str) -> PublicKey | None:
        """Give a trusted key by its id."""
        return self._trusted.get(key_id)

    def may_follow(self, key: PublicKey, former: str) -> bool:
        """Tell whether a key is another, or has said that it follows it, itself or through others."""
        return key.key_id == former or former in trusted_keys(self._property_code, self._said, [key])


class ChainCheck:
    """Is shown every block once, in order."""

    def __init__(self, trust: Trust, findings: Findings, anchor: SignedBlock | None = None) -> None:
        self._trust = trust
        self._findings = findings
        self._anchor = anchor
        self.last: SignedBlock | None = None
        self.blocks = 0
        self.signers: set[str] = set()
        self.has_anchor: bool | None = None
        """Whether the block of the anchor's number and epoch is the anchor; nothing while there is none."""
        self.opened: dict[int, int] = {}
        """Epoch → the tree's size as a restore left it, which seals at once what it has restored."""

    def see(self, signed: SignedBlock) -> None:
        """Check the next block against the one before it. Raises UnknownBlockVersion."""
        for problem in (self._of_place(signed), self._of_signature(signed)):
            if problem:
                self._findings.add(signed.block.first_position, problem)
        self.opened.setdefault(signed.block.epoch, signed.block.tree_size)
        self.signers.add(signed.block.key_id)
        if self._anchor and _same_place(signed, self._anchor):
            self.has_anchor = signed == self._anchor
        self.last = signed
        self.blocks += 1

    def _of_place(self, signed: SignedBlock) -> str | None:
        block, last = signed.block, self.last
        name, number = f"block {block.number}", last.block.number + 1 if last else 1
        if block.number != number:
            missing = f"block {number}" if block.number == number + 1 else f"blocks {number} to {block.number - 1}"
            return f"{missing} of the seal is missing" if block.number > number else f"{name} stands twice"
        if block.previous != (last.digest() if last else NO_BLOCK):
            return f"{name} does not follow the block that stands before it: one of them was replaced"
        if block.first_position != (last.block.tree_size if last else 0) + 1 or block.tree_size < block.first_position - 1:
            return f"{name} covers {block.first_position} to {block.tree_size}, which is not what comes next"
        if last and (block.epoch < last.block.epoch or block.sealed_at < last.block.sealed_at):
            return f"{name} has an epoch or a time before that of the block before it"
        return None

    def _of_signature(self, signed: SignedBlock) -> str | None:
        block = signed.block
        key = self._trust.key(block.key_id)
        if key is None:
            return f"block {block.number} is signed by the key {block.key_id}, which nobody here trusts"
        if not signed.is_signed_by(key):
            return f"the signature of block {block.number} does not hold: the block was changed or forged"
        if self.last and not self._trust.may_follow(key, self.last.block.key_id):
            return f"block {block.number} is signed by the key {block.key_id}, which does not follow {self.last.block.key_id}"
        return None


def _same_place(one: SignedBlock, other: SignedBlock) -> bool:
    return (one.block.number, one.block.epoch) == (other.block.number, other.block.epoch)
