"""What is wrong with a stored event that this release cannot read: its topic is unknown, or its bytes are damaged.

Neither is a refusal: nothing was decided. Readers stop before such an event and say where it stands.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Self

FIELD = re.compile(r"`\$\.?(.*?)`$")
"""How msgspec ends a message about a field: "Expected `int`, got `str` - at `$.fee.amount_minor`"."""


class Unreadable(Exception):
    """An event stands in the log that cannot be read. `position` is None until somebody knows where it stands."""

    def __init__(self, topic: str, why: str) -> None:
        super().__init__(topic, why)
        self.topic = topic
        self.why = why
        self.position: int | None = None

    def at(self, position: int) -> Self:
        """Give itself, with the position where the event stands."""
        self.position = position
        return self

    def __str__(self) -> str:
        place = f"the event at position {self.position}" if self.position else "an event"
        return f"{place} cannot be read: {self.why}"


class UnknownTopic(Unreadable, LookupError):
    """The event was stored by a newer release, or by another program."""

    def __init__(self, topic: str, newest_known: str | None = None) -> None:
        nearest = f" (the newest that it knows is {newest_known})" if newest_known else ""
        super().__init__(
            topic,
            f"topic {topic!r} is unknown to this release, {release()}{nearest}: run the release that wrote it, or a newer one",
        )


class CorruptEvent(Unreadable, ValueError):
    """The stored bytes are not what events of the topic look like. `field` is the path of the wrong one, where it is known."""

    def __init__(self, topic: str, wrong: Exception) -> None:
        found = FIELD.search(str(wrong))
        self.field = found.group(1) if found else ""
        place = f"its field {self.field}" if self.field else "its content"
        super().__init__(
            topic,
            f"{place} is damaged ({_said(wrong)}; topic {topic!r}): compare with a backup, `nightledger verify` says more",
        )


def release() -> str:
    """Name the release that is running."""
    try:
        return version("nightledger")
    except PackageNotFoundError:
        return "not installed"


def _said(wrong: Exception) -> str:
    return FIELD.sub("", str(wrong)).removesuffix(" - at ") if str(wrong) else type(wrong).__name__
