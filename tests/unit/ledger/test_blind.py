"""Guests are found again by hashes that only we can make, and by nothing less."""

from __future__ import annotations

import pytest

from ledger.blind import blind_index, is_meant, terms_for, terms_of

SECRET = b"for tests only"
NIMALI = {"name": "Nimali de Silva-Perera", "email": "Nimali@Example.com", "phone": "+94 77 123 4567"}


def test_a_blind_index_knows_the_same_person_for_a_day() -> None:
    index = blind_index(b"secret", "email", "2126-03-01", "Nimali@Example.com ")
    assert index == blind_index(b"secret", "email", "2126-03-01", "nimali@example.com")
    assert index != blind_index(b"secret", "email", "2126-03-02", "nimali@example.com")
    assert index != blind_index(b"secret", "address", "2126-03-01", "nimali@example.com")
    assert index != blind_index(b"other", "email", "2126-03-01", "nimali@example.com")
    assert "nimali" not in index


@pytest.mark.parametrize(
    "wanted",
    [
        "nimali@example.com", " NIMALI@EXAMPLE.COM", "+94771234567", "077 123 4567", "0094-77-1234567", "perera", "PERERA",
        "nim", "nimal", "de", "silva nimali", "Peréra", "perera, nimali",
    ],
)  # fmt: skip
def test_a_guest_is_found(wanted: str) -> None:
    assert terms_for(SECRET, wanted) <= terms_of(SECRET, NIMALI)
    assert is_meant(wanted, NIMALI)


@pytest.mark.parametrize("wanted", ["nimali@example.org", "+94771234568", "fernando", "nimalia", "perera fernando", "ni", "d"])
def test_another_guest_is_not_meant(wanted: str) -> None:
    assert not (terms_for(SECRET, wanted) <= terms_of(SECRET, NIMALI) and is_meant(wanted, NIMALI))


def test_terms_are_keyed_and_tell_their_kinds_apart() -> None:
    assert not terms_of(SECRET, NIMALI) & terms_of(b"another", NIMALI)
    assert not terms_of(SECRET, {"name": "123456789"}) & terms_of(SECRET, {"phone": "123456789"})
    assert all(len(term) == 16 for term in terms_of(SECRET, NIMALI))


@pytest.mark.parametrize("guest", [{}, {"name": "", "email": "", "phone": ""}, {"name": "...", "phone": "12"}])
def test_nobody_has_no_terms(guest: dict[str, str]) -> None:
    assert terms_of(SECRET, guest) == set()
