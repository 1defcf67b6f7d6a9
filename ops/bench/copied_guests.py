"""The guests of a copied history: each has keys of its own, and boxes that open under them, as the product would have made."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from uuid import UUID, uuid4

from psycopg import Connection

from ledger.keys import GuestKey, GuestKeys, new_guest_key
from ops.bench.draws import guest_of

TABLE = "CREATE TEMPORARY TABLE copied_guest (n bigint PRIMARY KEY, key_id uuid, guest text, fiscal text)"
COPY = "COPY copied_guest (n, key_id, guest, fiscal) FROM STDIN"


def reservation_of(number: int) -> UUID:
    """Name the reservation of a copy, as PostgreSQL's md5('reservation' || n)::uuid does."""
    return UUID(hashlib.md5(f"reservation{number}".encode(), usedforsecurity=False).hexdigest())


def lend(connection: Connection, keys: GuestKeys, first: int, last: int) -> None:
    """Put the guests of the copies `first` to `last` into the table, and their keys into the store."""
    connection.execute("DROP TABLE IF EXISTS copied_guest")
    connection.execute(TABLE)
    made: list[GuestKey] = []
    with connection.cursor().copy(COPY) as rows:
        for number in range(first, last + 1):
            made.append(new_guest_key(uuid4()))
            rows.write_row((number, made[-1].key_id, *_boxes(made[-1], number)))
    keys.keep(made)


def _boxes(key: GuestKey, number: int) -> tuple[str, str]:
    guest, stream = guest_of(number), reservation_of(number)
    profile = key.seal(guest, stream, 1, "guest")
    fiscal = key.seal({"name": guest["name"], "country": guest["country"]}, stream, 1, "fiscal")
    return b64encode(profile.box).decode(), b64encode(fiscal.box).decode()
