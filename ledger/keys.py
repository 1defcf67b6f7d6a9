"""The keys store: personal fields are encrypted from the first event on, because a log cannot forget later.

Keys live outside the event cluster (a SQLite file unless told otherwise), wrapped by a master key. Destroying a guest's key
makes every field under it unreadable for ever; a stone stays in its place, and nothing else in the log changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from ledger.blind import blind_index
from ledger.erasures import Erasure, catch_up, list_beside, note
from ledger.keys_file import KeysFile
from ledger.keys_root import ROOT, begin, bound_to, master_of, root_of
from ledger.master_key import MasterKey, MasterKeys, MasterKeyWrong, derived
from ledger.sealing import NO_VERSION, GuestKey, Purpose, Sealed, added_by, new_guest_key, new_guest_keys

__all__ = [
    "Census", "GuestKey", "GuestKeys", "MasterKey", "MasterKeyWrong", "MasterKeys", "Sealed", "blind_index", "new_guest_key",
    "new_guest_keys",
]  # fmt: skip

MOST_IN_A_STATEMENT = 512
"""Keys asked for, or kept, in one statement."""


class Census(Struct, frozen=True):
    """What the store holds. `foreign` keys are wrapped by a master key that is not at hand; `leaving` wait for the vendors."""

    guests: int
    profiles: int
    fiscals: int
    fiscals_due: int
    leaving: int
    foreign: int
    master: str
    opens: bool


class GuestKeys:
    """The keys store of an installation. Threads and processes may share the file."""

    def __init__(self, path: Path, masters: MasterKey | MasterKeys) -> None:
        self.path = path
        self.masters = MasterKeys.of(masters) if isinstance(masters, MasterKey) else masters
        self.file = KeysFile(path)
        self._list = list_beside(path)
        self._root: bytes | None = None
        with self.file.reading() as connection:
            is_new = root_of(connection) is None
        if is_new:
            self._begin()
        self._catch_up()

    def keep(self, keys: Sequence[GuestKey]) -> None:
        """Make new keys durable, all with one commit; one that is there or was destroyed stays so. Raises MasterKeyWrong."""
        with self.file.writing() as connection:
            master = master_of(connection, self.masters)
            for start in range(0, len(keys), MOST_IN_A_STATEMENT):
                some = keys[start : start + MOST_IN_A_STATEMENT]
                # One statement for all: each step of one lets go of the interpreter, and a busy loop is slow to give it back.
                rows = ", ".join(["(?, ?, ?, ?)"] * len(some))
                connection.execute(
                    f"INSERT INTO guest (key_id, profile, fiscal, master) VALUES {rows} ON CONFLICT DO NOTHING",  # noqa: S608 - question marks
                    list(chain.from_iterable(_wrapped(master, some))),
                )

    def find(self, key_id: UUID) -> GuestKey | None:
        """Give a guest's keys, or nothing when both were destroyed or never kept. Raises MasterKeyWrong."""
        return self.find_many([key_id]).get(key_id)

    def find_many(self, key_ids: Iterable[UUID]) -> dict[UUID, GuestKey]:
        """Give the keys of those guests who have any. Raises MasterKeyWrong."""
        return {
            row.key_id: self._unwrapped(row) for row in self._rows(key_ids) if row.profile is not None or row.fiscal is not None
        }

    def alive(self, key_ids: Iterable[UUID]) -> set[UUID]:
        """Name those guests whose profile key is there."""
        return {row.key_id for row in self._rows(key_ids) if row.profile is not None}

    def read(self, sealed: Sealed, stream: UUID, version: int, field: str) -> Any:
        """Decrypt a field of an event, or give None when its key was destroyed. Raises MasterKeyWrong, InvalidTag."""
        key = self.find(sealed.key_id)
        return key.open(sealed, stream, version, field) if key is not None else None

    def read_added(self, sealed: Sealed, stream: UUID, command_id: UUID, field: str) -> Any:
        """Decrypt a field that a command added to a stream, or give None as `read` does. Raises as `read`."""
        return self.read(sealed, stream, NO_VERSION, added_by(command_id, field))

    def read_many(self, boxes: Sequence[tuple[Sealed, UUID]], version: int, field: str) -> list[Any]:
        """Decrypt the same field of many streams' events, in order, None where its key was destroyed. Raises as `read`."""
        keys = self.find_many({sealed.key_id for sealed, _ in boxes})
        return [
            keys[sealed.key_id].open(sealed, stream, version, field) if sealed.key_id in keys else None
            for sealed, stream in boxes
        ]

    def erase(self, key_id: UUID, at: datetime, *, address: str = "", fiscal: bool = False) -> None:
        """Destroy a guest's profile key for ever, and with `fiscal` the other one too. Safe to repeat.

        `address` is kept, wrapped, until `let_go`, because vendors are still to be asked to forget it. Raises MasterKeyWrong.
        """
        purposes: tuple[Purpose, ...] = ("profile", "fiscal") if fiscal else ("profile",)
        self._destroy([Erasure(at, purpose, key_id) for purpose in purposes], {key_id: address} if address else {})

    def destroy_fiscal(self, key_ids: Iterable[UUID], at: datetime) -> int:
        """Destroy fiscal keys that nobody needs; give how many there were."""
        alive = [row.key_id for row in self._rows(key_ids) if row.fiscal is not None]
        self._destroy([Erasure(at, "fiscal", key_id) for key_id in alive], {})
        return len(alive)

    def destroy_due_fiscal(self, today: date, at: datetime) -> int:
        """Destroy the fiscal keys whose time the law has set is over; give how many there were."""
        with self.file.reading() as connection:
            due = connection.execute(
                "SELECT key_id FROM guest WHERE fiscal IS NOT NULL AND fiscal_until <= ?", [today.isoformat()]
            ).fetchall()
        self._destroy([Erasure(at, "fiscal", UUID(bytes=key_id)) for (key_id,) in due], {})
        return len(due)

    def date_fiscal(self, until: Iterable[tuple[UUID, date]]) -> None:
        """Say until when fiscal keys have to be kept."""
        rows = [(day.isoformat(), key_id.bytes) for key_id, day in until]
        with self.file.writing() as connection:
            connection.executemany("UPDATE guest SET fiscal_until = ? WHERE key_id = ? AND fiscal IS NOT NULL", rows)

    def fiscal_until(self, key_id: UUID) -> date | None:
        """Say until when a guest's fiscal key is kept; nothing when it is gone or has no date yet."""
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT fiscal_until FROM guest WHERE key_id = ? AND fiscal IS NOT NULL", [key_id.bytes]
            ).fetchone()
        return date.fromisoformat(row[0]) if row and row[0] else None

    def address_of_leaving(self, key_id: UUID) -> str:
        """Give an erased guest's address while the vendors are still to be asked; empty after that. Raises MasterKeyWrong."""
        with self.file.reading() as connection:
            row = connection.execute("SELECT address, master FROM leaving WHERE key_id = ?", [key_id.bytes]).fetchone()
        return self.masters.find(row[1]).unwrap(row[0], key_id.bytes).decode() if row else ""

    def let_go(self, key_id: UUID) -> None:
        """Forget an erased guest's address: the vendors have been asked."""
        with self.file.writing() as connection:
            connection.execute("DELETE FROM leaving WHERE key_id = ?", [key_id.bytes])
        self.file.scrub()

    def derive(self, purpose: str) -> bytes:
        """Give the 32-byte secret for one purpose, which outlives every master key. Raises MasterKeyWrong."""
        if self._root is None:
            with self.file.reading() as connection:
                row = root_of(connection)
            if row is None:
                message = f"{self.path.name} has no root secret: it is not a keys store of this product"
                raise MasterKeyWrong(message)
            self._root = self.masters.find(row[1]).unwrap(row[0], ROOT.encode())
        return derived(self._root, purpose)

    def mark(self, name: str) -> int:
        """Give how far something was looked through; 0 when it never was."""
        with self.file.reading() as connection:
            row = connection.execute("SELECT value FROM mark WHERE name = ?", [name]).fetchone()
        return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int) -> None:
        """Remember how far something was looked through."""
        with self.file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", [name, value])

    def census(self, today: date) -> Census:
        """Count what is here; `today` decides which fiscal keys are due for destruction."""
        with self.file.reading() as connection:
            counted = connection.execute(
                "SELECT count(*), count(profile), count(fiscal), count(CASE WHEN fiscal_until <= ? AND fiscal IS NOT NULL"
                " THEN 1 END), (SELECT count(*) FROM leaving) FROM guest",
                [today.isoformat()],
            ).fetchone()
            wrapped_by = connection.execute(
                "SELECT master, count(*) FROM guest WHERE profile IS NOT NULL OR fiscal IS NOT NULL GROUP BY master"
            ).fetchall()
            root = root_of(connection)
        foreign = sum(number for key_id, number in wrapped_by if key_id not in self.masters)
        master = root[1] if root else ""
        guests, profiles, fiscals, due, leaving = counted
        return Census(guests, profiles, fiscals, due, leaving, foreign, master, master in self.masters)

    def _begin(self) -> None:
        """Give a new store its root, wrapped by the master key; two processes that do it at once agree on one."""
        with self.file.writing() as connection:
            if root_of(connection) is None:
                begin(connection, self.masters.first)

    def _destroy(self, erasures: Sequence[Erasure], addresses: dict[UUID, str]) -> None:
        """Put keys on the list, then destroy them: a store that is brought back from an older copy will destroy them again."""
        if not erasures:
            return
        if addresses:
            self._keep_addresses(addresses)
        note(self._list, erasures)
        with self.file.writing() as connection:
            catch_up(connection, self._list)
        self.file.scrub()

    def _keep_addresses(self, addresses: dict[UUID, str]) -> None:
        with self.file.writing() as connection:
            master = master_of(connection, self.masters)
            rows = [
                (key_id.bytes, master.wrap(address.encode(), key_id.bytes), master.key_id)
                for key_id, address in addresses.items()
            ]
            connection.executemany("INSERT INTO leaving VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def _catch_up(self) -> None:
        if not self._list.exists():
            return
        with self.file.writing() as connection:
            behind = catch_up(connection, self._list)
        if behind:
            self.file.scrub()

    def _rows(self, key_ids: Iterable[UUID]) -> Iterator[_Row]:
        wanted = [key_id.bytes for key_id in key_ids]
        for start in range(0, len(wanted), MOST_IN_A_STATEMENT):
            asked = wanted[start : start + MOST_IN_A_STATEMENT]
            places = ", ".join("?" * len(asked))
            with self.file.reading() as connection:
                found = connection.execute(
                    f"SELECT key_id, profile, fiscal, master FROM guest WHERE key_id IN ({places})",  # noqa: S608 - question marks
                    asked,
                ).fetchall()
            for key_id, profile, fiscal, master in found:
                yield _Row(UUID(bytes=key_id), profile, fiscal, master)

    def _unwrapped(self, row: _Row) -> GuestKey:
        master = self.masters.find(row.master)
        return GuestKey(
            row.key_id,
            master.unwrap(row.profile, bound_to(row.key_id, "profile")) if row.profile is not None else None,
            master.unwrap(row.fiscal, bound_to(row.key_id, "fiscal")) if row.fiscal is not None else None,
        )


class _Row(NamedTuple):
    """A guest's keys as they are stored."""

    key_id: UUID
    profile: bytes | None
    fiscal: bytes | None
    master: str


def _wrapped(master: MasterKey, keys: Sequence[GuestKey]) -> Iterator[tuple[bytes, bytes | None, bytes | None, str]]:
    """Give the rows of guests' keys: id, profile and fiscal key wrapped, the master key that wraps them."""
    secrets: list[tuple[bytes, bytes]] = []
    for key in keys:
        secrets += [(secret, bound_to(key.key_id, purpose)) for purpose, secret in key.secrets() if secret is not None]
    wrapped = iter(master.wrap_all(secrets))
    for key in keys:
        profile, fiscal = (next(wrapped) if secret is not None else None for _, secret in key.secrets())
        yield key.key_id.bytes, profile, fiscal, master.key_id
