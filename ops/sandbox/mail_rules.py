"""What SendGrid refuses in a mail: a list of rules, each naming the field. To add a rule, add a line."""

import base64
import binascii
import re
from collections.abc import Iterator

from ops.sandbox.store import Json

EMAIL = re.compile(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,.]{2,}")
MOST_RECIPIENTS = 1000
LONGEST_DELAY_SECONDS = 72 * 3600
MOST_CUSTOM_BYTES = 10_000
NO_RECIPIENT = (
    "The to array is required for all personalization objects, and must have at least one email object "
    "with a valid email address."
)
NO_SENDER = (
    "The from object must be provided for every email send. It is an object that requires the email parameter, "
    "but may also contain a name parameter."
)
NO_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a subject defined "
    "or if every personalization has a subject defined."
)
NO_CONTENT = (
    "Unless a valid template_id is provided, the content parameter is required. "
    "There must be at least one defined content block."
)
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


def errors(mail: object, now: int) -> list[Json]:
    """List what is wrong with a mail as SendGrid's error objects; empty when it would be sent. `now` in Unix seconds."""
    if not isinstance(mail, dict):
        return [_error("Bad Request", None)]
    found = [*_people(mail), *_sender(mail), *_subject(mail), *_content(mail), *_attachments(mail), *_extras(mail, now)]
    return [_error(message, field) for message, field in found]


def _error(message: str, field: str | None) -> Json:
    return {"message": message, "field": field, "help": f"{HELP}#{field}" if field else None}


def _people(mail: Json) -> Iterator[tuple[str, str]]:
    people = mail.get("personalizations")
    if not isinstance(people, list) or not people:
        yield "The personalizations field is required and must have at least one personalization.", "personalizations"
        return
    recipients = 0
    for index, person in enumerate(people):
        where = f"personalizations.{index}.to"
        to = person.get("to") if isinstance(person, dict) else None
        if not isinstance(to, list) or not to:
            yield NO_RECIPIENT, where
            continue
        everybody = [*to, *person.get("cc", []), *person.get("bcc", [])]
        recipients += len(everybody)
        if not all(_is_address(address) for address in everybody):
            yield "Does not contain a valid address.", where
        if len({str(address).lower() for address in everybody}) < len(everybody):
            yield "Each email address in the personalization block should be unique between to, cc, and bcc.", where
    if recipients > MOST_RECIPIENTS:
        yield "The total number of recipients must be no more than 1000.", "personalizations"


def _is_address(address: object) -> bool:
    return isinstance(address, dict) and EMAIL.fullmatch(str(address.get("email", ""))) is not None


def _sender(mail: Json) -> Iterator[tuple[str, str]]:
    if not isinstance(mail.get("from"), dict):
        yield NO_SENDER, "from.email"
    elif not _is_address(mail["from"]):
        yield "The from email does not contain a valid address.", "from.email"


def _subject(mail: Json) -> Iterator[tuple[str, str]]:
    people = mail.get("personalizations")
    own = isinstance(people, list) and all(isinstance(person, dict) and person.get("subject") for person in people)
    if not mail.get("subject") and not own and not mail.get("template_id"):
        yield NO_SUBJECT, "subject"


def _content(mail: Json) -> Iterator[tuple[str, str]]:
    content = mail.get("content")
    if not isinstance(content, list) or not content:
        if not mail.get("template_id"):
            yield NO_CONTENT, "content"
        return
    for index, part in enumerate(content):
        if not isinstance(part, dict) or not part.get("type"):
            yield "The content type is required.", f"content.{index}.type"
        elif not part.get("value"):
            yield "The content value must be a string at least one character in length.", f"content.{index}.value"
    types = [part.get("type") for part in content if isinstance(part, dict)]
    if "text/plain" in types and types[0] != "text/plain":
        yield "If present, text/plain must be first, followed by text/html, followed by any other content.", "content"


def _attachments(mail: Json) -> Iterator[tuple[str, str]]:
    for index, file in enumerate(mail.get("attachments") or ()):
        if not isinstance(file, dict) or not file.get("filename"):
            yield "The attachment filename is required.", f"attachments.{index}.filename"
        elif not _is_base64(file.get("content")):
            yield "The attachment content must be base64 encoded.", f"attachments.{index}.content"


def _is_base64(content: object) -> bool:
    try:
        return bool(base64.b64decode(str(content or ""), validate=True))
    except binascii.Error:
        return False


def _extras(mail: Json, now: int) -> Iterator[tuple[str, str]]:
    people = mail.get("personalizations")
    for holder in [mail, *(people if isinstance(people, list) else [])]:
        arguments = holder.get("custom_args", {}) if isinstance(holder, dict) else {}
        if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
            yield "The custom_args must be an object of strings.", "custom_args"
        elif sum(len(f"{name}{value}".encode()) for name, value in arguments.items()) > MOST_CUSTOM_BYTES:
            yield "The custom_args exceed 10,000 bytes.", "custom_args"
    send_at = mail.get("send_at")
    if send_at is not None and (not isinstance(send_at, int) or send_at > now + LONGEST_DELAY_SECONDS):
        yield "The send_at time cannot be more than 72 hours in the future.", "send_at"
