"""What every refusal must look like, whoever gets it: RFC 9457, a stable code, the field, a next step, nothing personal."""

from __future__ import annotations

import httpx

SECRET_NAME, SECRET_PHONE = "Zebedee Quixotic", "+94 71 999 8877"
"""Personal enough to be seen when it comes back."""

NEXT_STEPS = (
    "ask for", "book it in parts", "can be booked", "check", "choose", "correct", "earliest arrival", "look at", "pay or",
    "search", "send", "try again", "use the link", "wait",
)  # fmt: skip


def assert_problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """Check an answer against RFC 9457 and our own rules."""
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert told["status"] == status
    assert told["type"].endswith(code)
    assert told["title"]
    if field:
        assert field in [error["field"] for error in told["errors"]], answer.text
    assert any(step in told["detail"].lower() for step in NEXT_STEPS), f"no next step in {told['detail']!r}"
    for personal in ("zebedee", "quixotic", SECRET_PHONE, "@"):
        assert personal not in answer.text.lower().replace("name@example.com", "").replace("@-sign", "")
