"""Blind indexes: keyed hashes by which a personal value can be found again without being stored.

Only read models keep search terms, and drop them with the guest; events hold none, for a hash in a log can never be removed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

PREFIXES = (3, 5, 8)
"""Letters from the start of a name by which it is found; a word of fewer than three is found whole."""
PHONE_DIGITS = 9
"""So many digits from the end: a number with its country's code and the same number without it are one."""
FEWEST_DIGITS = 5


def blind_index(secret: bytes, kind: str, day: str, value: str) -> str:
    """Give a keyed hash of a personal value for one day: the same value on another day cannot be linked to it."""
    return _hashed(secret, f"{kind}/{day}/{value.strip().casefold()}").hex()


def terms_of(secret: bytes, guest: Mapping[str, Any]) -> set[bytes]:
    """Give the search terms of a guest's details: e-mail, phone, and the beginnings of each word of the name."""
    found = {_hashed(secret, f"name/{start}") for word in words_of(guest.get("name", "")) for start in _starts(word)}
    if email := folded_email(guest.get("email", "")):
        found.add(_hashed(secret, f"email/{email}"))
    if phone := folded_phone(guest.get("phone", "")):
        found.add(_hashed(secret, f"phone/{phone}"))
    return found


def terms_for(secret: bytes, wanted: str) -> set[bytes]:
    """Give the terms that a guest must have to be what somebody looks for: an e-mail, a phone number or words of a name."""
    if "@" in wanted:
        return {_hashed(secret, f"email/{folded_email(wanted)}")}
    if phone := folded_phone(wanted):
        return {_hashed(secret, f"phone/{phone}")}
    return {_hashed(secret, f"name/{max(_starts(word), key=len)}") for word in words_of(wanted)}


def is_meant(wanted: str, guest: Mapping[str, Any]) -> bool:
    """Tell whether a guest is what somebody looks for, now that the details can be read: each word begins one of the name's."""
    if "@" in wanted:
        return folded_email(wanted) == folded_email(guest.get("email", ""))
    if phone := folded_phone(wanted):
        return phone == folded_phone(guest.get("phone", ""))
    name = words_of(guest.get("name", ""))
    return all(any(word.startswith(start) for word in name) for start in words_of(wanted))


def folded_email(email: str) -> str:
    """Write an e-mail address as it is compared."""
    return email.strip().casefold()


def folded_phone(phone: str) -> str:
    """Write a phone number as it is compared, or nothing when it is none."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    is_number = len(digits) >= FEWEST_DIGITS and not any(sign.isalpha() for sign in phone)
    return digits[-PHONE_DIGITS:] if is_number else ""


def words_of(name: str) -> list[str]:
    """Split a name into words, without case and accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    return "".join(sign if sign.isalnum() else " " for sign in plain).split()


def _starts(word: str) -> Iterator[str]:
    if len(word) < PREFIXES[0]:
        yield word
    yield from (word[:length] for length in PREFIXES if len(word) >= length)


def _hashed(secret: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=secret, digest_size=16).digest()
