"""Refusals: what is the case when a command or question is answered with no. Not errors: they are recorded answers."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """A clear no. `code` is stable and public, `message` names the rule and the next step, `details` is JSON-able.

    `field` names the request field the rule is about, where there is one. Neither text nor details hold personal data.
    """

    code: ClassVar[str] = "refused"
    field: ClassVar[str | None] = None

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Repeated(Refusal):
    """A refusal as it stands recorded: what every caller of a refused command gets. `again`: not for the first time."""

    def __init__(self, code: str, message: str, details: dict[str, Any], *, again: bool = False) -> None:
        super().__init__(message, **details)
        self.recorded_code = code
        self.again = again


class IdReused(Refusal):
    """The command id was used before with other content."""

    code = "command.id_reused"
    field = "Idempotency-Key"


class Unavailable(Exception):
    """The ledger could not answer durably. The same command may be sent again after `retry_after` seconds.

    Under the same id it is recorded once, whether or not this try was.
    """

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def code_of(refusal: Refusal) -> str:
    """Give the public code of a refusal, also of a repeated one."""
    return refusal.recorded_code if isinstance(refusal, Repeated) else refusal.code
