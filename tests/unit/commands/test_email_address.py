"""The short way to check an address never says anything else than the library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic.networks import validate_email

from commands.email_address import PLAIN, EmailAddress, checked

ADDRESSES = TypeAdapter(EmailAddress)


@given(st.from_regex(PLAIN, fullmatch=True))
def test_a_plain_address_is_what_the_library_makes_of_it(address: str) -> None:
    try:
        expected = validate_email(address)[1]
    except ValueError as refused:
        with pytest.raises(type(refused)):
            checked(address)
    else:
        assert checked(address) == expected == address


@pytest.mark.parametrize(
    ("written", "normal"),
    [("Nimal@Example.COM", "Nimal@example.com"), ("x@xn--bcher-kva.com", "x@bücher.com"), ("é@example.com", "é@example.com")],
)
def test_what_is_not_plain_is_normalised_by_the_library(written: str, normal: str) -> None:
    assert ADDRESSES.validate_python(written) == normal


@pytest.mark.parametrize(
    "wrong",
    ["", "nimal", "nimal@", "@example.com", "a..b@example.com", "x@localhost", "x@hotel.test", "x@foo.123", "x@example.com\n",
     f"{'a' * 255}@example.com"],
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        ADDRESSES.validate_python(wrong)
