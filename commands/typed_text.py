"""The types of what a person types: codes, a line of text, and free text of several lines; no text hides control characters.

They are checked where a command is made and nowhere else: what is stored already stays readable, whatever it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function


@dataclass(frozen=True)
class Coded:
    """Makes a text a code: it fulfils the whole of a pattern, or is refused by a rule that people can read."""

    pattern: str
    rule: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        wanted = re.compile(self.pattern)

        def code(typed: str) -> str:
            if not wanted.fullmatch(typed):
                raise PydanticCustomError("code", "{rule}", {"rule": self.rule})
            return typed

        return no_info_after_validator_function(code, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say the rule in the API's description as well."""
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


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


CODE, CODE_RULE = "[a-z0-9][a-z0-9_-]{0,39}", "Nothing has such a code: copy it as the hotel's list has it, such as garden-room"
Code = Annotated[str, Coded(CODE, CODE_RULE)]
"""The code of a room type, a rate plan, a property."""
CodeOrNothing = Annotated[str, Coded(f"({CODE})?", CODE_RULE)]
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
