"""What a message knows after each event; who may send it when is in the tests of its commands."""

from __future__ import annotations

import pytest

from aggregates.notification import Notification
from ledger.event import Event
from tests.examples import named

RESERVATION = named("r")
OF = {"reservation_id": RESERVATION}
ASKED = Notification.Asked(**OF, kind="confirmed", cause=7, language="si")
STARTED = Notification.SendingStarted(**OF, attempt=1)
SENT = Notification.Sent(**OF, message_id="m1")
DELIVERED = Notification.Delivered(**OF)
FAILED = Notification.Failed(**OF, reason="bounced")
NOT_TAKEN = Notification.NotTaken(**OF, attempt=1, reason="busy")
NEW = {"state": "none", "reservation_id": None, "kind": "", "language": "", "attempt": 0}


def message(*events: Event) -> Notification:
    made = Notification()
    for event in events:
        made.apply(event)
    return made


def test_a_new_message_knows_nothing() -> None:
    assert vars(Notification()) == NEW


@pytest.mark.parametrize(
    ("story", "learned"),
    [
        ((ASKED,), {"state": "asked"}),
        ((ASKED, STARTED), {"state": "sending", "attempt": 1}),
        ((ASKED, STARTED, NOT_TAKEN), {"state": "asked", "attempt": 1}),
        ((ASKED, STARTED, SENT), {"state": "sent", "attempt": 1}),
        ((ASKED, STARTED, SENT, DELIVERED), {"state": "delivered", "attempt": 1}),
        ((ASKED, STARTED, FAILED), {"state": "failed", "attempt": 1}),
    ],
)
def test_each_event_is_remembered(story: tuple[Event, ...], learned: dict[str, object]) -> None:
    asked = {"reservation_id": RESERVATION, "kind": "confirmed", "language": "si"}
    assert vars(message(*story)) == NEW | asked | learned


def test_a_message_is_asked_for_once() -> None:
    assert Notification().ask(RESERVATION, "confirmed", 7, "si") == [ASKED]
    assert message(ASKED).ask(RESERVATION, "confirmed", 7, "si") == []


def test_a_message_that_never_was_is_unknown() -> None:
    with pytest.raises(Notification.Unknown):
        Notification().known()
