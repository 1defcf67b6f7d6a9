"""Disputes: opened and closed through the sandbox's control page, seen through `/v1/disputes` and webhooks."""

from ops.sandbox import forms, stripe_objects
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import refused
from ops.sandbox.world import World, new_id

DUE_SECONDS = 7 * 86_400
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def open_dispute(world: World, charge_id: str, reason: str = "fraudulent") -> Json:
    """Take a captured charge's money back for the guest's bank, with the usual fee. Raises StripeError otherwise."""
    charge = world.find("charge", charge_id)
    if not charge["captured"] or charge["disputed"]:
        message = "Only a captured charge without a dispute can be disputed."
        raise refused(message)
    dispute: Json = {
        "id": new_id("dispute"),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": world.now() + DUE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    world.save(charge | {"disputed": True})
    moved = stripe_objects.balance_transaction(world.now(), dispute, "adjustment", -dispute["amount"], 1500)
    dispute["balance_transactions"].append(world.save(moved))
    world.save(dispute)
    emit(world, "charge.dispute.created", dispute)
    emit(world, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(world: World, dispute_id: str, status: str) -> Json:
    """End a dispute as `won` (the money comes back) or `lost`."""
    dispute = world.find("dispute", dispute_id)
    if dispute["status"] in {"won", "lost"} or status not in {"won", "lost"}:
        message = f"A dispute that is {dispute['status']} cannot become {status}."
        raise refused(message)
    dispute["status"] = status
    if status == "won":
        moved = stripe_objects.balance_transaction(world.now(), dispute, "adjustment", dispute["amount"])
        dispute["balance_transactions"].append(world.save(moved))
    world.save(dispute)
    emit(world, "charge.dispute.closed", dispute)
    if status == "won":
        emit(world, "charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(world: World, params: Json, dispute: str) -> Json:
    """Give one dispute."""
    forms.only(params)
    return world.find("dispute", dispute)
