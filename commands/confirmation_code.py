"""The short code of a reservation, in letters that nobody mistakes for another one."""

from __future__ import annotations

from uuid import UUID

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PAIRS = [first + second for second in LETTERS for first in LETTERS]


def confirmation_code(property_code: str, reservation_id: UUID) -> str:
    """Give the short code that guests and staff read to each other, such as ELLA-7K3M-9Q2X."""
    number = reservation_id.int
    pairs = []
    for _ in range(4):
        number, pair = divmod(number, len(PAIRS))
        pairs.append(PAIRS[pair])
    return f"{property_code.upper()}-{pairs[0]}{pairs[1]}-{pairs[2]}{pairs[3]}"
