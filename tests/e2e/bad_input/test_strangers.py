"""People who want what is not theirs: foreign links and tokens, forged webhooks, too many holds, too many requests."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from uuid import UUID, uuid4, uuid5

import httpx
import pytest

from tests.e2e.bad_input.problems import assert_problem
from tests.e2e.desk import Desk
from tests.e2e.guest import Guest, stay_of
from tests.installation import Running

Invite = Callable[[Running], Guest]
HOLDS_PER_ADDRESS, HOLDS_PER_EMAIL, REQUESTS_PER_MINUTE = 5, 3, 300


class TestForeignTokens:
    def test_at_the_api(self, guest: Guest, invite: Invite) -> None:
        guest.holds(stay_of())
        thief = invite(guest.running).holds(stay_of())
        address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}"
        tokens = [thief.manage["Manage-Token"], guest.held["checkout_url"].rpartition("/")[2], "x", "e30.AAAA"]
        for token in tokens:
            for headers in ({"Manage-Token": token}, {"Authorization": f"Bearer {token}"}):
                assert_problem(thief.browser.get(address, headers=headers), 401, "key.unknown")
                keyed = {**headers, "Idempotency-Key": str(uuid4())}
                assert_problem(thief.browser.post(f"{address}/cancel", headers=keyed), 401, "key.unknown")
        assert_problem(thief.browser.get(address), 401, "key.unknown")
        assert guest.looks()["state"] == "held"

    def test_on_the_pages(self, guest: Guest, invite: Invite) -> None:
        guest.holds(stay_of())
        thief = invite(guest.running).holds(stay_of())
        thief.opens(thief.held["manage_url"])
        subject = f"{guest.running.url}/booking/{guest.held['reservation_id']}"
        for page in ("", "/cancel", "/calendar.ics"):
            thief.opens(subject + page)
            assert thief.page.status == 401
            assert guest.details["email"] not in thief.page.answer.text
        for page in ("/cancel", "/requests", "/pay"):
            assert thief.browser.post(subject + page, data={"csrf_token": "x"}).status_code == 401
        own = f"{guest.running.url}/booking/{thief.held['reservation_id']}"
        assert thief.browser.post(f"{own}/cancel", data={"csrf_token": "x"}).status_code == 403
        assert guest.looks()["state"] == "held"
        assert thief.looks()["state"] == "held"

    @pytest.mark.parametrize("path", ["/manage/x", "/pay/x", "/pay/x/return", "/manage/e30.AAAA"])
    def test_invented(self, guest: Guest, path: str) -> None:
        guest.opens(guest.running.url + path)
        assert guest.page.status == 404
        assert "link" in guest.page.text


def payment_of(guest: Guest) -> str:
    """Name the payment of the guest's deposit."""
    return str(uuid5(UUID(guest.held["reservation_id"]), "payment/deposit/1"))


class TestForgedWebhooks:
    def event(self, guest: Guest) -> bytes:
        about = {"id": "pi_1", "object": "payment_intent", "metadata": {"payment_id": payment_of(guest)}}
        event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": about}}
        return json.dumps(event).encode()

    def test_as_stripe(self, guest: Guest, desk: Desk) -> None:
        guest.holds(stay_of()).checks_out()
        head = desk.waits_for_quiet()
        body, now = self.event(guest), int(time.time())
        wrong = hmac.new(b"whsec_guess", f"{now}.{body.decode()}".encode(), hashlib.sha256).hexdigest()
        for signature in ("", "x", f"t={now},v1={wrong}", f"t={now},v1=", "t=x,v1=y", f"t={now},v0={wrong}"):
            headers = {"Stripe-Signature": signature} if signature else {}
            answer = guest.browser.post(f"{guest.running.url}/webhooks/ella/stripe", content=body, headers=headers)
            assert_problem(answer, 400, "webhook.forged")
        assert desk.asked_since(head) == []
        assert desk.happened_since(head, payment_of(guest)) == []

    def test_as_sendgrid(self, guest: Guest, desk: Desk) -> None:
        head = desk.waits_for_quiet()
        notification_id = str(uuid4())
        body = json.dumps([{"event": "bounce", "notification_id": notification_id, "sg_event_id": "x"}]).encode()
        signature, timestamp = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
        for headers in ({}, {signature: "x", timestamp: "1"}, {signature: "MEUCIQDx", timestamp: str(int(time.time()))}):
            answer = guest.browser.post(f"{guest.running.url}/webhooks/ella/sendgrid", content=body, headers=headers)
            assert_problem(answer, 400, "webhook.forged")
        assert desk.asked_since(head) == []
        assert desk.happened_since(head, notification_id) == []

    def test_of_an_unknown_property(self, guest: Guest) -> None:
        assert guest.browser.post(f"{guest.running.url}/webhooks/nowhere/stripe", content=b"{}").status_code == 404


class TestTooMuch:
    def test_holds_of_one_address(self, guest: Guest, desk: Desk) -> None:
        stay = stay_of(room_type="valley-room")
        for number in range(HOLDS_PER_ADDRESS):
            guest.details["email"] = f"many{number}.{uuid4().hex[:6]}@example.com"
            guest.holds(stay)
        free = desk.free(stay, guest.held["position"])
        guest.details["email"] = f"one-more.{uuid4().hex[:6]}@example.com"
        self.assert_too_many(guest.asks(stay))
        assert desk.free(stay) == free
        guest.cancels()
        assert guest.asks(stay).status_code == 201, "a hold that was given back does not count"

    def test_holds_of_one_mailbox(self, guest: Guest, invite: Invite) -> None:
        stay = stay_of(room_type="valley-room")
        for _ in range(HOLDS_PER_EMAIL):
            other = invite(guest.running)
            other.details = guest.details
            other.holds(stay)
        self.assert_too_many(guest.asks(stay))
        shouted = {**guest.details, "email": guest.details["email"].replace("guest", "GUEST")}
        self.assert_too_many(guest.asks(stay, guest=shouted))

    def assert_too_many(self, answer: httpx.Response) -> None:
        assert_problem(answer, 429, "holder.too_many_holds")
        assert int(answer.headers["Retry-After"]) > 0

    def test_on_the_page(self, guest: Guest) -> None:
        """The page says so in words, too."""
        stay = stay_of(room_type="valley-room")
        for number in range(HOLDS_PER_ADDRESS):
            guest.details["email"] = f"many{number}.{uuid4().hex[:6]}@example.com"
            guest.holds(stay)
        guest.opens(f"{guest.running.url}/rooms?arrival={stay.arrival}&departure={stay.departure}&adults=2")
        guest.follows("Garden Room").sends("Hold my room", name="Ada", email="other@example.com")
        assert guest.page.status == 429, guest.page.text
        assert "Nothing was charged" in guest.page.text

    def test_requests(self, guest: Guest, invite: Invite) -> None:
        address = f"{guest.running.api}/calendar?room_type=nothing"
        answers = [guest.browser.get(address) for _ in range(REQUESTS_PER_MINUTE + 1)]
        assert {answer.status_code for answer in answers[:-1]} <= {200, 422}
        assert_problem(answers[-1], 429, "too_many_requests")
        assert int(answers[-1].headers["Retry-After"]) > 0
        guest.opens(guest.running.url)
        assert guest.page.status == 429
        assert "try again" in guest.page.text.lower()
        assert guest.browser.get(f"{guest.running.url}/livez").status_code == 200
        assert invite(guest.running).browser.get(address).status_code != 429
