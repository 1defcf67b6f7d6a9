"""Mail through SendGrid's real client: checks, inbox, attachments, signed event webhooks."""

import base64
import json

import httpx
import pytest
from python_http_client.exceptions import BadRequestsError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Attachment, CustomArg, Mail

from tests.integration.sandbox.actors import Receiver, RunningSandbox, wait_until

CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


def confirmation(to: str = "guest@example.com") -> Mail:
    """Write a mail as the product does."""
    mail = Mail(
        ("stay@hotel.example", "Ella Resort"), to, "Your stay is confirmed", "Dear guest …", "<p>Dear <b>guest</b> …</p>"
    )
    mail.add_attachment(Attachment(base64.b64encode(CALENDAR).decode(), "stay.ics", "text/calendar"))
    mail.add_custom_arg(CustomArg("notification_id", "n-1"))
    mail.add_custom_arg(CustomArg("property", "kandy"))
    return mail


def test_sent_mail_is_in_the_inbox(mailer: SendGridAPIClient, sandbox: RunningSandbox) -> None:
    mailer.send(confirmation("first@example.com"))
    answer = mailer.send(confirmation())
    assert answer.status_code == 202
    newest, oldest = sandbox.get("/mail.json")
    assert (newest["to"], newest["from"], newest["subject"]) == (
        ["guest@example.com"],
        "stay@hotel.example",
        "Your stay is confirmed",
    )
    assert (newest["text"], newest["html"]) == ("Dear guest …", "<p>Dear <b>guest</b> …</p>")
    assert newest["custom_args"] == {"notification_id": "n-1", "property": "kandy"}
    assert newest["message_id"] == answer.headers["X-Message-Id"]
    assert oldest["to"] == ["first@example.com"]
    file = newest["attachments"][0]
    assert (file["filename"], file["type"], base64.b64decode(file["content"])) == ("stay.ics", "text/calendar", CALENDAR)
    accepted = httpx.get(f"{sandbox.url}/mail", headers={"Accept": "application/json"}).json()
    assert accepted == [newest, oldest]
    assert sandbox.get("/mail.json?to=first@example.com") == [oldest]


def test_inbox_pages_show_bodies_harmlessly(mailer: SendGridAPIClient, sandbox: RunningSandbox) -> None:
    mailer.send(confirmation())
    mail = sandbox.get("/mail.json")[0]
    address = f"{sandbox.url}/mail/{mail['id']}"
    assert 'sandbox="' in httpx.get(address).text
    body = httpx.get(f"{address}/html")
    assert mail["html"] in body.text
    assert "sandbox" in body.headers["content-security-policy"]
    file = httpx.get(f"{address}/attachments/0")
    assert (file.content, file.headers["content-disposition"]) == (CALENDAR, "attachment; filename*=UTF-8''stay.ics")
    assert httpx.get(f"{address}/attachments/1").status_code == 404
    assert httpx.delete(f"{sandbox.url}/mail").status_code == 204
    assert sandbox.get("/mail.json") == []


def test_events_are_signed_and_echo_the_custom_arguments(
    mailer: SendGridAPIClient, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    answer = mailer.send(confirmation())
    mailer.send(confirmation("bounce@example.com"))
    wait_until(lambda: len(receiver.got) == 4)
    verifier = EventWebhook(sandbox.get("/sendgrid/public-key")["public_key"])
    events = []
    for path, headers, body in receiver.got:
        signature = headers["X-Twilio-Email-Event-Webhook-Signature"]
        at = headers["X-Twilio-Email-Event-Webhook-Timestamp"]
        assert verifier.verify_signature(body, signature, at)
        assert not verifier.verify_signature(body + " ", signature, at)
        assert path == "/webhooks/kandy/sendgrid"
        events += json.loads(body)
    assert [event["event"] for event in events] == ["processed", "delivered", "processed", "bounce"]
    assert {event["notification_id"] for event in events} == {"n-1"}
    assert len({event["sg_event_id"] for event in events}) == 4
    assert events[0]["sg_message_id"].startswith(answer.headers["X-Message-Id"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to"),
        ({"from": {}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"attachments": [{"filename": "a", "content": "?"}]}, "attachments.0.content"),
        ({"custom_args": {"a": 1}}, "custom_args"),
        ({"send_at": 99_999_999_999}, "send_at"),
    ],
)
def test_wrong_mails_name_the_field(
    change: dict[str, object], field: str, mailer: SendGridAPIClient, sandbox: RunningSandbox
) -> None:
    with pytest.raises(BadRequestsError) as refused:
        mailer.send({**confirmation().get(), **change})
    assert json.loads(refused.value.body)["errors"][0]["field"] == field
    assert sandbox.get("/mail.json") == []


def test_a_key_is_needed(sandbox: RunningSandbox) -> None:
    with pytest.raises(UnauthorizedError):
        SendGridAPIClient("nonsense", host=sandbox.url).send(confirmation())


def test_an_erased_recipient_is_gone_and_the_job_stays(mailer: SendGridAPIClient, sandbox: RunningSandbox) -> None:
    mailer.send(confirmation("Gone@example.com"))
    mailer.send(confirmation("stays@example.com"))
    job = mailer.client.recipients.erasejob.post(request_body={"email_addresses": ["gone@example.com"]})
    assert job.status_code == 202
    assert [mail["to"] for mail in sandbox.get("/mail.json")] == [["stays@example.com"]]
    (listed,) = sandbox.get("/sendgrid/erasures")
    assert (listed["id"], listed["recipients"], listed["mails"]) == (json.loads(job.body)["job_id"], 1, 1)
    assert "gone" not in json.dumps(listed).lower()


@pytest.mark.parametrize("body", [{}, {"email_addresses": []}, "text"])
def test_an_erasure_without_addresses_is_refused(mailer: SendGridAPIClient, body: object) -> None:
    with pytest.raises(BadRequestsError, match="400"):
        mailer.client.recipients.erasejob.post(request_body=body)
