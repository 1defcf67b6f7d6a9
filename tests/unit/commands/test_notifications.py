"""A message is asked for once, and follows what the provider says, in whatever order it says it."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from aggregates.notification import Notification
from commands.ask_notification import AskNotification
from commands.record_notification import RecordNotification
from ledger.command import Change
from ledger.event import Event
from ledger.ids import notification_id
from tests.examples import named
from tests.spec import given

R = named("r")
N = notification_id(R, "confirmed", 12)
Step = Literal["not_taken", "sent", "delivered", "failed"]
STEPS: tuple[Step, ...] = ("not_taken", "sent", "delivered", "failed")


def note(event: type[Event], **fields: Any) -> Change:
    return Change(N, event(**({"reservation_id": R} | fields)))


ASKED = note(Notification.Asked, kind="confirmed", cause=12, language="en")
SENDING = note(Notification.SendingStarted, attempt=1)
NOT_TAKEN = note(Notification.NotTaken, attempt=1, reason="word")
SENT = note(Notification.Sent, message_id="word")
DELIVERED = note(Notification.Delivered)
FAILED = note(Notification.Failed, reason="word")
ASK = AskNotification(reservation_id=R, kind="confirmed", cause=12, language="en")

STATES: dict[str, list[Change]] = {
    "asked": [ASKED],
    "sending": [ASKED, SENDING],
    "asked again": [ASKED, SENDING, NOT_TAKEN],
    "sent": [ASKED, SENDING, SENT],
    "delivered": [ASKED, SENDING, SENT, DELIVERED],
    "failed": [ASKED, SENDING, FAILED],
}
SECOND_TRY = note(Notification.SendingStarted, attempt=2)
TABLE: dict[str, dict[Step, Change]] = {
    "asked": {"sent": SENT, "failed": FAILED},
    "sending": {"not_taken": NOT_TAKEN, "sent": SENT, "delivered": DELIVERED, "failed": FAILED},
    "asked again": {"sent": SENT, "failed": FAILED},
    "sent": {"delivered": DELIVERED, "failed": FAILED},
    "delivered": {},
    "failed": {},
}


def test_a_message_is_asked_for_once_a_fact() -> None:
    given().when(ASK).then(ASKED).answers(notification_id=str(N))
    for story in STATES.values():
        given(*story).when(ASK).then().answers(notification_id=str(N))


def test_another_fact_or_kind_is_another_message() -> None:
    other = ASK.model_copy(update={"cause": 13})
    assert given(ASKED).when(other).decision.changes[0].stream == notification_id(R, "confirmed", 13)
    assert notification_id(R, "held", 12) != N


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", STATES)
def test_each_state_and_each_report(state: str, step: Step) -> None:
    expected = [TABLE[state][step]] if step in TABLE[state] else []
    given(*STATES[state]).when(RecordNotification(notification_id=N, step=step, detail="word")).then(*expected)


@pytest.mark.parametrize("step", STEPS)
def test_an_unknown_message_is_refused(step: Step) -> None:
    given().when(RecordNotification(notification_id=N, step=step)).refuses(Notification.Unknown)
    given().when(RecordNotification(notification_id=N, step="sending", attempt=1)).refuses(Notification.Unknown)


@pytest.mark.parametrize(
    ("state", "attempt", "claimed"),
    [
        ("asked", 1, SENDING), ("sending", 2, SECOND_TRY), ("asked again", 2, SECOND_TRY),
        ("asked", 0, None), ("asked", 2, None), ("sending", 1, None), ("sending", 3, None), ("asked again", 1, None),
        ("sent", 2, None), ("delivered", 2, None), ("failed", 2, None),
    ],
)  # fmt: skip
def test_one_worker_claims_an_attempt(state: str, attempt: int, claimed: Change | None) -> None:
    verdict = given(*STATES[state]).when(RecordNotification(notification_id=N, step="sending", attempt=attempt))
    if claimed is None:
        verdict.refuses(Notification.Claimed)
    else:
        verdict.then(claimed)
