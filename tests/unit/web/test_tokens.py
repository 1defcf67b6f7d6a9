"""Tokens are read when they are, letter by letter, what we wrote for this purpose, and by nobody else's secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from web.links import QUOTE_SECONDS, Links, Quote
from web.tokens import VERSION, Tokens

SECRET = b"a secret of this installation"
RESERVATION = UUID("6f2b8a7e-0000-4000-8000-00000000abcd")
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
LINKS = Links(SECRET, "https://hotel.example")
QUOTE = Quote(
    property="ella", room_type="garden", rate_plan="flexible", arrival="2027-03-10", departure="2027-03-13", adults=2,
    children=1, rooms=2, total=77_880, currency="USD", quoted_at=int(NOW.timestamp()),
)  # fmt: skip
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(), st.integers(-(2**60), 2**60))
def test_what_was_written_is_read(text: str, number: int) -> None:
    tokens = Tokens(SECRET, "purpose")
    token = tokens.write((text, number))
    assert tokens.read(token, tuple) == (text, number)
    assert set(token.removeprefix(VERSION)) <= set(ALPHABET)


@pytest.mark.parametrize("other", [Tokens(SECRET, "another purpose"), Tokens(b"another secret", "purpose")])
def test_others_do_not_read_it(other: Tokens) -> None:
    assert other.read(Tokens(SECRET, "purpose").write("content"), str) is None


def test_no_other_letter_will_do() -> None:
    """Also those that stand for the same bytes, and none may be missing or too many."""
    tokens = Tokens(SECRET, "purpose")
    token = tokens.write("content")
    others = {token[:place] + letter + token[place + 1 :] for place in range(len(token)) for letter in ALPHABET} - {token}
    others |= {token[:place] for place in range(len(token))} | {
        token + "A",
        token + "=",
        token + "\n",
        f" {token}",
        VERSION * 2,
    }
    assert [other for other in others if tokens.read(other, str) is not None] == []


@pytest.mark.parametrize("token", ["", "2.", "2.x", "é", "\ud800", "2.\ud800", "....", "2." + "A" * 10_000])
def test_what_is_no_token(token: str) -> None:
    assert Tokens(SECRET, "purpose").read(token, str) is None
    assert LINKS.read_manage(token) is None
    assert LINKS.read_pay(token) is None
    assert LINKS.read_quote(token, NOW) is None


def test_links_lead_to_their_reservation_only() -> None:
    token = LINKS.manage_token("ella", RESERVATION)
    assert LINKS.read_manage(token) == ("ella", RESERVATION)
    assert LINKS.read_pay(token) is None
    assert LINKS.read_pay(LINKS.pay_token("ella", RESERVATION)) == ("ella", RESERVATION)
    assert LINKS.manage_url("ella", RESERVATION) == f"https://hotel.example/manage/{token}"


def test_links_of_the_first_version_still_lead_there() -> None:
    token = str(URLSafeSerializer(SECRET, salt="manage").dumps(["ella", RESERVATION.hex]))
    assert LINKS.read_manage(token) == ("ella", RESERVATION)
    assert LINKS.read_pay(token) is None
    assert LINKS.read_manage(token[:-1] + ("A" if token[-1] != "A" else "B")) is None


@pytest.mark.parametrize(("age", "is_good"), [(0, True), (QUOTE_SECONDS, True), (QUOTE_SECONDS + 1, False)])
def test_a_quote_is_good_for_half_an_hour(age: int, is_good: bool) -> None:
    read = LINKS.read_quote(LINKS.quote(QUOTE), NOW + timedelta(seconds=age))
    expected = {
        "property": "ella", "room_type": "garden", "rate_plan": "flexible", "arrival": "2027-03-10",
        "departure": "2027-03-13", "adults": 2, "children": 1, "rooms": 2, "total": 77_880, "currency": "USD",
    }  # fmt: skip
    assert read == (expected if is_good else None)
