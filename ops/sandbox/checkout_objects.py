"""Builds the objects of a Checkout session: the session itself, its line items, prices and products. No rules."""

from ops.sandbox.store import Json
from ops.sandbox.world import new_id

UNUSED: Json = dict.fromkeys(
    (
        "after_expiration",
        "allow_promotion_codes",
        "billing_address_collection",
        "client_secret",
        "collected_information",
        "consent",
        "consent_collection",
        "currency_conversion",
        "customer_account",
        "integration_identifier",
        "invoice",
        "origin_context",
        "payment_link",
        "payment_method_configuration_details",
        "permissions",
        "recovered_from",
        "saved_payment_method_options",
        "setup_intent",
        "shipping_address_collection",
        "shipping_cost",
        "subscription",
        "wallet_options",
    )
)
"""Fields of features that the sandbox does not have."""
NO_INVOICE: Json = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}


def session(created: int, amount: int, currency: str, **fields: object) -> Json:
    """Build an open session for a payment; `amount` is the total of its lines in minor units."""
    return {
        **UNUSED,
        "id": new_id("checkout.session"),
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": created,
        "currency": currency,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None},
        "customer_details": None,
        "discounts": [],
        "invoice_creation": {"enabled": False, "invoice_data": dict(NO_INVOICE)},
        "livemode": False,
        "mode": "payment",
        "payment_intent": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        **fields,
    }


def line_item(created: int, name: str, currency: str, unit_amount: int, quantity: int) -> Json:
    """Build a line item with the price that was made for it."""
    total = unit_amount * quantity
    return {
        "id": new_id("item"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "metadata": {},
        "price": _price(created, currency, unit_amount),
        "quantity": quantity,
    }


def _price(created: int, currency: str, unit_amount: int) -> Json:
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("product"),
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }
