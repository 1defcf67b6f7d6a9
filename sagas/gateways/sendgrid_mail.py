"""SendGrid: sends one message, and forgets a guest. Says whether it was taken, refused, or nobody knows.

It has no idempotency key, so an unclear answer to a message is waited out.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from uuid import UUID

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Attachment, CustomArg, From, Mail, To

ANSWER_SECONDS = 10


class NotTaken(Exception):
    """SendGrid did not take the message for a passing reason: it may be sent again later."""


class Rejected(Exception):
    """SendGrid will never take this message as it is."""


class Ambiguous(Exception):
    """The answer was lost: wait for the provider's own report before sending again."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A mail, ready to go. `to_email`, `to_name` and the texts are personal data."""

    notification_id: UUID
    property_code: str
    sender_email: str
    sender_name: str
    to_email: str
    to_name: str
    subject: str
    text: str
    html: str
    calendar: bytes | None = None


class SendGridMail:
    """Calls to one SendGrid account. Blocking; workers run them in threads."""

    def __init__(self, api_key: str, host: str | None) -> None:
        self._client = SendGridAPIClient(api_key, host=host) if host else SendGridAPIClient(api_key)
        self._client.client.timeout = ANSWER_SECONDS

    def send(self, message: Message) -> str:
        """Send a message and give the provider's id for it. Raises NotTaken, Rejected, Ambiguous."""
        response = _asked(lambda: self._client.send(_mail(message)))
        return str(response.headers.get("X-Message-Id", ""))

    def forget(self, address: str) -> str:
        """Have all that SendGrid knows of an address erased: give the id of its job. Raises NotTaken, Rejected, Ambiguous.

        Source: docs.sendgrid.com, Recipients' Data Erasure, `POST /v3/recipients/erasejob`. Asking twice does no harm.
        """
        job = self._client.client.recipients.erasejob
        response = _asked(lambda: job.post(request_body={"email_addresses": [address]}))
        return str(json.loads(response.body)["job_id"])


def _asked(call: Callable[[], Any]) -> Any:
    """Make a call and sort its faults by what they mean."""
    try:
        return call()
    except HTTPError as refusal:
        if refusal.status_code == 429 or refusal.status_code >= 500:  # noqa: PLR2004 - too many requests, or a fault of theirs
            raise NotTaken(str(refusal.status_code)) from refusal
        raise Rejected(str(refusal.status_code)) from refusal
    except (URLError, TimeoutError, ConnectionError) as lost:
        if isinstance(lost, URLError) and isinstance(lost.reason, ConnectionRefusedError):
            raise NotTaken("connection refused") from lost
        raise Ambiguous(type(lost).__name__) from lost


def _mail(message: Message) -> Mail:
    mail = Mail(
        from_email=From(message.sender_email, message.sender_name),
        to_emails=To(message.to_email, message.to_name),
        subject=message.subject,
        plain_text_content=message.text,
        html_content=message.html,
    )
    mail.add_custom_arg(CustomArg("notification_id", str(message.notification_id)))
    mail.add_custom_arg(CustomArg("property", message.property_code))
    if message.calendar is not None:
        mail.add_attachment(Attachment(b64encode(message.calendar).decode(), "stay.ics", "text/calendar", "attachment"))
    return mail
