"""Refusals are recorded answers: told again they have the same code, words and details."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.command import Outcome, refused
from ledger.refusal import IdReused, Refusal, Repeated, Unavailable, code_of


class Closed(Refusal):
    code = "door.closed"
    field = "door"


def test_a_refusal_becomes_an_outcome_with_its_field() -> None:
    assert refused(Closed("The door is closed: knock.", number=3)) == Outcome(
        accepted=False, code="door.closed", message="The door is closed: knock.", details={"number": 3, "field": "door"}
    )


def test_an_outcome_raises_what_was_refused() -> None:
    with pytest.raises(Repeated, match="knock") as repeated:
        refused(Closed("The door is closed: knock.", number=3)).or_raise()
    assert code_of(repeated.value) == "door.closed"
    assert repeated.value.details == {"number": 3, "field": "door"}


def test_an_accepted_outcome_is_itself() -> None:
    accepted = Outcome(accepted=True, answer={"state": "held"})
    assert accepted.or_raise() is accepted


def test_a_refusal_has_its_own_code() -> None:
    assert code_of(IdReused("used")) == "command.id_reused"


@pytest.mark.parametrize(("told", "seconds"), [({}, 2), ({"retry_after": 5}, 5)])
def test_unavailable_says_why_and_when_to_come_back(told: dict[str, int], seconds: int) -> None:
    unavailable = Unavailable("the ledger is busy: try again in a moment", **told)
    assert str(unavailable) == "the ledger is busy: try again in a moment"
    assert unavailable.retry_after == seconds


@pytest.mark.parametrize("again", [True, False])
def test_an_outcome_that_is_told_again_says_so(again: bool) -> None:
    with pytest.raises(Repeated) as repeated:
        replace(refused(Closed("The door is closed: knock.")), again=again).or_raise()
    assert repeated.value.again is again
