"""Guests are found again by hashes that only we can make, and by nothing less."""

from __future__ import annotations

import pytest

from ledger.blind import blind_index, folded_phone, is_meant, terms_for, terms_of

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


@pytest.mark.parametrize(
    ("phone", "compared"),
    [("1234", ""), ("12345", "12345"), ("0812345678", "812345678"), ("+94 81 234 5678", "812345678"), ("12345a", ""), ("", "")],
)
def test_a_phone_number_has_five_digits_at_least_and_its_last_nine_count(phone: str, compared: str) -> None:
    assert folded_phone(phone) == compared


@pytest.mark.parametrize(
    ("name", "searches"),
    [
        ("Al", [("al", True), ("a", False), ("ali", False)]),
        ("Ali", [("al", False), ("ali", True), ("alia", True)]),
        ("Alina", [("ali", True), ("alin", True), ("alina", True)]),
    ],
)
def test_a_name_is_found_by_its_first_three_letters(name: str, searches: list[tuple[str, bool]]) -> None:
    """What is found only by its beginning is compared once more when the name can be read."""
    for wanted, found in searches:
        assert (terms_for(SECRET, wanted) <= terms_of(SECRET, {"name": name})) is found


@pytest.mark.parametrize("wanted", ["nimali@example.com", "+94771234567", "nimali", "XXXX"])
def test_nobody_is_meant_by_what_is_not_known_of_them(wanted: str) -> None:
    assert not is_meant(wanted, {})
