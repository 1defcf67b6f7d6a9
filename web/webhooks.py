"""Webhooks: verify, record under the vendor's event id, answer. What they claim decides nothing; work happens later, once."""

from __future__ import annotations

import json
import logging
from typing import Any, Literal
from uuid import UUID

import stripe
from fastapi import APIRouter, Request
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from commands.dispatch import Asked
from commands.poke_payment import PokePayment
from commands.record_notification import RecordNotification
from ledger.command import Urgency
from ledger.ids import made_by, saga_command_id
from ledger.refusal import Refusal, code_of
from web.doors import DeskDoor, HouseDoor, correlation
from web.house import Desk
from web.problems import Problem

router = APIRouter(prefix="/webhooks/{property_code}", tags=["webhooks"])
logger = logging.getLogger(__name__)
STEPS: dict[str, Literal["sent", "delivered", "failed"]] = {
    "processed": "sent",
    "delivered": "delivered",
    "bounce": "failed",
    "dropped": "failed",
}
"""What SendGrid's reports mean for a message; the others mean nothing to us."""


class Forged(Problem):
    """The signature is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("webhook.forged", "The signature does not fit: check the webhook secret at the vendor and here.")


@router.post("/stripe")
async def from_stripe(house: HouseDoor, desk: DeskDoor, request: Request) -> dict[str, Any]:
    """Take a Stripe event: a reason to look at a payment."""
    body = await request.body()
    if not house.settings.stripe_webhook_secret:
        raise Forged
    try:
        stripe.WebhookSignature.verify_header(
            body.decode(), request.headers.get("stripe-signature", ""), house.settings.stripe_webhook_secret, 300
        )
        event = json.loads(body)
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
        raise Forged from None
    payment_id = _payment_of(event)
    if payment_id is None:
        return {"received": True, "about": None}
    command = PokePayment(payment_id=payment_id, source="stripe", vendor_event_id=event["id"], kind=event["type"])
    await _record(desk, command, made_by(payment_id, f"stripe/{event['id']}"), "webhook:stripe")
    return {"received": True, "about": str(payment_id)}


@router.post("/sendgrid")
async def from_sendgrid(house: HouseDoor, desk: DeskDoor, request: Request) -> dict[str, Any]:
    """Take SendGrid's reports on messages; each report counts once."""
    body = await request.body()
    if not _is_sendgrids(house.settings.sendgrid_webhook_public_key, body, request):
        raise Forged
    reports = json.loads(body)
    for report in reports:
        await _report(desk, report)
    return {"received": len(reports)}


async def _report(desk: Desk, report: dict[str, Any]) -> None:
    step = STEPS.get(report.get("event", ""))
    try:
        notification_id = UUID(report["notification_id"])
    except (KeyError, ValueError, TypeError):
        return
    if step is None:
        return
    detail = report.get("sg_message_id", "") if step == "sent" else report.get("event", "")
    command = RecordNotification(notification_id=notification_id, step=step, detail=detail)
    await _record(
        desk, command, saga_command_id("sendgrid", notification_id, report.get("sg_event_id", "")), "webhook:sendgrid"
    )


def _is_sendgrids(public_key: str, body: bytes, request: Request) -> bool:
    """Check the signature with the vendor's helper, whose own exceptions mean no as well."""
    signature = request.headers.get(EventWebhookHeader.SIGNATURE, "")
    timestamp = request.headers.get(EventWebhookHeader.TIMESTAMP, "")
    if not public_key or not signature:
        return False
    try:
        webhook = EventWebhook()
        key = webhook.convert_public_key_to_ecdsa(public_key)
        return bool(webhook.verify_signature(body.decode(), signature, timestamp, key))
    except Exception as odd:  # noqa: BLE001 - the helper raises whatever its parser does on bad input
        logger.warning("a SendGrid signature could not be read: %s", type(odd).__name__)
        return False


def _payment_of(event: dict[str, Any]) -> UUID | None:
    """Find our payment id in the metadata of the object that the event is about."""
    about = event.get("data", {}).get("object", {})
    try:
        return UUID((about.get("metadata") or {})["payment_id"])
    except (KeyError, ValueError, TypeError):
        return None


async def _record(desk: Desk, command: PokePayment | RecordNotification, command_id: UUID, actor: str) -> None:
    asked = Asked(command_id=command_id, actor=actor, correlation_id=correlation(), urgency=Urgency.PROMISED)
    try:
        await desk.dispatch(command, asked)
    except Refusal as refusal:
        # Not ours, or of another installation on the same account: nothing to do, and nothing to send again.
        logger.info("a webhook was about something unknown: %s", code_of(refusal))
