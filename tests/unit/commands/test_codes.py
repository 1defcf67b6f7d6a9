"""What is no code is refused in words, with what to write instead; the API's description still says the pattern."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from commands.block_rooms import RoomCode
from commands.rooming_list import ListWish
from commands.typed_text import Code, CodeOrNothing
from commands.wishes import Wish

NEAR = "near:1f0c7a52-6f0e-5d3e-8f51-0a3a0c9d5e11"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Code, "garden-room"),
        (Code, "a" * 40),
        (CodeOrNothing, ""),
        (RoomCode, "101"),
        (Wish, "floor-high"),
        (Wish, "bed-twin!"),
        (Wish, NEAR),
        (Wish, f"{NEAR}!"),
        (ListWish, "accessible!"),
    ],
)
def test_a_code_is_taken_as_it_is(kind: Any, typed: str) -> None:
    assert TypeAdapter(kind).validate_python(typed) == typed


@pytest.mark.parametrize(
    ("kind", "typed", "advice"),
    [
        (Code, "Garden Room", "such as garden-room"),
        (Code, "garden\n", "such as garden-room"),
        (Code, "a" * 41, "such as garden-room"),
        (Code, "", "such as garden-room"),
        (CodeOrNothing, "-", "such as garden-room"),
        (RoomCode, "room 101", "such as 101"),
        (Wish, "high_floor", "choose of floor-high, floor-low"),
        (Wish, "near:somebody", "near:RESERVATION_ID"),
        (Wish, "accessible!!", "with ! after it for a promise"),
        (ListWish, NEAR, "put ; between two"),
    ],
)
def test_another_is_refused_with_advice(kind: Any, typed: str, advice: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(typed)
    (problem,) = refused.value.errors()
    assert advice in problem["msg"]
    assert "pattern" not in problem["msg"]


def test_the_description_says_the_pattern() -> None:
    assert TypeAdapter(Code).json_schema() == {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}
