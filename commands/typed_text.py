"""The types of what a person types: a line of text, and free text of several lines. Neither may hide control characters.

They are checked where a command is made and nowhere else: what is stored already stays readable, whatever it holds.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
IN_A_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
LONGEST_NOTE = 2000


def one_line(typed: str) -> str:
    """Give a line as it is. Raises PydanticCustomError when there is a control character or a line break in it."""
    if IN_A_LINE.search(typed):
        raise PydanticCustomError(
            "control_character", "Control characters and line breaks cannot be part of it: leave them out"
        )
    return typed


def some_lines(typed: str) -> str:
    """Give a text as it is. Raises PydanticCustomError when there is a control character other than line breaks and tabs."""
    if IN_A_TEXT.search(typed):
        raise PydanticCustomError(
            "control_character", "Control characters other than line breaks and tabs cannot be part of it: leave them out"
        )
    return typed


def with_plain_breaks(typed: Any) -> Any:
    """Write the line breaks of browsers' forms as one character each; leave what is no text to the type."""
    return typed.replace("\r\n", "\n") if isinstance(typed, str) else typed


def _schema_of(forbidden: re.Pattern[str]) -> Any:
    """Say the rule in the API's description as well."""
    return Field(json_schema_extra={"pattern": f"^{forbidden.pattern.replace('[', '[^', 1)}*$"})


LineRule, TextRule = _schema_of(IN_A_LINE), _schema_of(IN_A_TEXT)
NoControls, NoControlsButBreaks = AfterValidator(one_line), AfterValidator(some_lines)
PlainBreaks = BeforeValidator(with_plain_breaks)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), NoControls, LineRule]
"""The name of a person, a company or an event."""
Country = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60), NoControls, LineRule]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), NoControls, LineRule]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), NoControls, LineRule]
"""One line about something, or nothing."""
Requests = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), NoControlsButBreaks, PlainBreaks, TextRule]
"""What somebody who books asks for, if anything, in lines of their own."""
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NOTE),
    NoControlsButBreaks, PlainBreaks, TextRule,
]  # fmt: skip
"""What is noted about a stay, in several lines."""
