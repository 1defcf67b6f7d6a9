"""The code of a reservation: readable, and for ever the same, since mails have told guests theirs."""

from __future__ import annotations

from uuid import UUID

import pytest

from commands.confirmation_code import confirmation_code
from tests.examples import named


def test_the_confirmation_code_can_be_read_out() -> None:
    code = confirmation_code("ella", named("mine"))
    assert code.startswith("ELLA-")
    assert not set(code.removeprefix("ELLA-")) & set("01ILO")
    assert confirmation_code("ella", named("another")) != code


@pytest.mark.parametrize(
    ("reservation_id", "code"),
    [
        (UUID(int=0), "ELLA-2222-2222"),
        (UUID(int=31), "ELLA-2322-2222"),
        (UUID(int=31**8 - 1), "ELLA-ZZZZ-ZZZZ"),
        (UUID("8f14e45f-ceea-467f-a9c8-2d1b3c4d5e6f"), "ELLA-JVFQ-EU9F"),
    ],
)
def test_a_code_that_a_guest_was_told_stays_theirs(reservation_id: UUID, code: str) -> None:
    assert confirmation_code("ella", reservation_id) == code
