"""`POST /v3/mail/send`: checks a mail as SendGrid does, keeps it for the inbox, and reports its events by webhook.

`POST /v3/recipients/erasejob` forgets a recipient. Source: docs.sendgrid.com mail-send reference (limits and error shape),
event-webhook reference and Recipients' Data Erasure.
"""

import json
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ops.sandbox.events import queue
from ops.sandbox.mail_rules import errors
from ops.sandbox.store import Json
from ops.sandbox.webhooks import public_key
from ops.sandbox.world import World, token

router = APIRouter()
UNAUTHORISED = "The provided authorization grant is invalid, expired, or revoked"
BOUNCES = ("bounce", "bounces")
MOST_ERASED = 5000


@router.post("/v3/mail/send")
async def send(request: Request) -> Response:
    """Take a mail: 202 with `X-Message-Id`, 400 with the fields that are wrong, 401 without a key."""
    world: World = request.app.state.world
    if not request.headers.get("authorization", "").startswith("Bearer SG."):
        return _refusal(401, [{"message": UNAUTHORISED, "field": None, "help": None}])
    try:
        mail = json.loads(await request.body())
    except ValueError:
        return _refusal(400, [{"message": "Bad Request: the body is not valid JSON", "field": None, "help": None}])
    if wrong := errors(mail, world.now()):
        return _refusal(400, wrong)
    message_id = token()
    with world.store.transaction():
        for person in mail["personalizations"]:
            _keep(world, mail, person, message_id)
    return Response(status_code=202, headers={"X-Message-Id": message_id})


@router.post("/v3/recipients/erasejob")
async def erase(request: Request) -> Response:
    """Forget recipients: 202 with the id of the job, 400 without addresses. Mails that went only to them are gone at once."""
    world: World = request.app.state.world
    if not request.headers.get("authorization", "").startswith("Bearer SG."):
        return _refusal(401, [{"message": UNAUTHORISED, "field": None, "help": None}])
    try:
        addresses = {str(email).lower() for email in json.loads(await request.body())["email_addresses"]}
    except (ValueError, KeyError, TypeError):
        addresses = set()
    if not 0 < len(addresses) <= MOST_ERASED:
        message = f"email_addresses must be an array of 1 to {MOST_ERASED} addresses"
        return _refusal(400, [{"message": message, "field": "email_addresses", "help": None}])
    job: Json = {"id": str(uuid4()), "recipients": len(addresses), "created": world.now(), "mails": 0}
    with world.store.transaction():
        for mail in world.store.all("mail"):
            if {email.lower() for email in [*mail["to"], *mail["cc"], *mail["bcc"]]} <= addresses:
                world.store.delete("mail", mail["id"])
                job["mails"] += 1
        world.store.put("erase_job", job)
    return JSONResponse({"job_id": job["id"]}, status_code=202)


@router.get("/sendgrid/erasures")
async def erasures(request: Request) -> JSONResponse:
    """List the jobs that erased recipients, oldest first; whom they erased is forgotten too."""
    return JSONResponse(request.app.state.world.store.all("erase_job"))


def _refusal(status: int, wrong: list[Json]) -> Response:
    return JSONResponse({"errors": wrong}, status_code=status)


def _keep(world: World, mail: Json, person: Json, message_id: str) -> None:
    bodies = {part["type"]: part["value"] for part in mail.get("content", [])}
    kept: Json = {
        "id": token(12),
        "message_id": message_id,
        "to": [address["email"] for address in person["to"]],
        "cc": [address["email"] for address in person.get("cc", [])],
        "bcc": [address["email"] for address in person.get("bcc", [])],
        "from": mail["from"]["email"],
        "from_name": mail["from"].get("name"),
        "reply_to": (mail.get("reply_to") or {}).get("email"),
        "subject": person.get("subject") or mail.get("subject", ""),
        "text": bodies.get("text/plain"),
        "html": bodies.get("text/html"),
        "headers": {**mail.get("headers", {}), **person.get("headers", {})},
        "categories": mail.get("categories", []),
        "custom_args": {**mail.get("custom_args", {}), **person.get("custom_args", {})},
        "attachments": [_attachment(file) for file in mail.get("attachments", [])],
        "at": datetime.fromtimestamp(world.now(), UTC).isoformat(),
        "created": world.now(),
    }
    world.store.put("mail", kept)
    for email in [*kept["to"], *kept["cc"], *kept["bcc"]]:
        _report(world, kept, email)


def _attachment(file: Json) -> Json:
    return {
        "filename": file["filename"],
        "type": file.get("type") or "application/octet-stream",
        "content": file["content"],
        "disposition": file.get("disposition", "attachment"),
    }


def _report(world: World, kept: Json, email: str) -> None:
    """Queue what happened to the mail: processed, then delivered or bounced."""
    if not world.settings.sendgrid_webhook_url:
        return
    named = kept["custom_args"].get("property") or world.settings.default_property
    url = world.settings.sendgrid_webhook_url.replace("{property}", named)
    bounced = email.partition("@")[0].lower() in BOUNCES
    for kind in ("processed", "bounce" if bounced else "delivered"):
        event = {
            **kept["custom_args"],
            "email": email,
            "event": kind,
            "sg_event_id": token(),
            "sg_message_id": f"{kept['message_id']}.recvd-{kept['id']}-0",
            "smtp-id": f"<{kept['message_id']}@sandbox>",
            "timestamp": world.now(),
        }
        if kept["categories"]:
            event["category"] = kept["categories"]
        if kind == "bounce":
            event |= {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 The email account does not exist."}
        if kind == "delivered":
            event["response"] = "250 OK"
        queue(world, "sendgrid", url, event["sg_event_id"], json.dumps([event], separators=(",", ":")))


@router.get("/sendgrid/public-key")
async def key(request: Request) -> JSONResponse:
    """Give the key that verifies the event webhooks, as SendGrid's settings page shows it."""
    return JSONResponse({"public_key": public_key(request.app.state.world.store)})
