"""Stripe: hosted Checkout by redirect with manual capture. Says what is asked and what is seen; decides nothing.

Every call carries our own deterministic idempotency key. `Unsure` means: it may or may not have happened, look again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import stripe

from commands.record_payment_observation import Seen
from ledger.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
CLOCK_MARGIN_SECONDS = 300
"""How far Stripe's clock and ours may differ."""
logger = logging.getLogger(__name__)
CONNECT_SECONDS, ANSWER_SECONDS = 3, 15


class Unsure(Exception):
    """No clear answer: a timeout, a lost connection or too many requests. The same key may be sent again."""


class Broken(Exception):
    """Stripe answered with a fault of its own, which it replays for the same key: observe, then use a new one."""


class Impossible(Exception):
    """Stripe refuses the request as it is: it cannot be done now or any more. Observe."""


@dataclass(frozen=True, kw_only=True)
class CheckoutWanted:
    """A checkout page as the ledger asks for it."""

    property_code: str
    reservation_id: UUID
    payment_id: UUID
    amount: Money
    description: str
    success_url: str
    cancel_url: str
    language: str
    expires_at: datetime


class StripeCheckout:
    """Calls to one Stripe account. Blocking; workers run them in threads."""

    def __init__(self, api_key: str, api_base: str | None) -> None:
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base} if api_base else {},
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS)),
            max_network_retries=0,
        )

    def make(self, wanted: CheckoutWanted, key: str) -> tuple[str, str]:
        """Make a checkout page: (session id, address). Raises Unsure, Broken, Impossible."""
        ours = {
            "property": wanted.property_code,
            "reservation_id": str(wanted.reservation_id),
            "payment_id": str(wanted.payment_id),
        }
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "payment",
            "client_reference_id": str(wanted.reservation_id),
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": wanted.amount.currency.lower(),
                        "unit_amount": wanted.amount.amount_minor,
                        "product_data": {"name": wanted.description},
                    },
                }
            ],
            "payment_intent_data": {
                "capture_method": "manual",
                "setup_future_usage": "off_session",
                "description": wanted.description,
                "metadata": ours,
            },
            "customer_creation": "always",
            "metadata": ours,
            "success_url": wanted.success_url,
            "cancel_url": wanted.cancel_url,
            "expires_at": int(wanted.expires_at.timestamp()),
            "locale": "auto",
        }
        session = _asked(lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": key}))
        return session.id, session.url or ""

    def find(self, payment_id: UUID, created_after: datetime) -> tuple[str, str] | None:
        """Find a checkout page that was made without our knowing, by its metadata. Raises Unsure, Broken, Impossible."""
        window: stripe.params.checkout.SessionListParams = {
            "created": {"gte": int(created_after.timestamp()) - CLOCK_MARGIN_SECONDS},
            "limit": 100,
        }
        page = _asked(lambda: self._client.v1.checkout.sessions.list(window))
        for session in page.auto_paging_iter():
            if session.metadata and "payment_id" in session.metadata and session.metadata["payment_id"] == str(payment_id):
                return session.id, session.url or ""
        return None

    def observe(self, session_id: str) -> Seen:
        """Look at a checkout page and its payment intent. Raises Unsure, Broken, Impossible."""
        expand: stripe.params.checkout.SessionRetrieveParams = {"expand": ["payment_intent.latest_charge"]}
        session = _asked(lambda: self._client.v1.checkout.sessions.retrieve(session_id, expand))
        return seen_of(session)

    def capture(self, intent_id: str, key: str) -> None:
        """Capture reserved money. Raises Unsure, Broken, Impossible."""
        _asked(lambda: self._client.v1.payment_intents.capture(intent_id, {}, {"idempotency_key": key}))

    def void(self, session_id: str, intent_id: str, key: str) -> None:
        """Close a checkout page, or cancel its intent when it was completed. Raises Unsure, Broken, Impossible."""
        if intent_id:
            _asked(lambda: self._client.v1.payment_intents.cancel(intent_id, {}, {"idempotency_key": f"{key}:cancel"}))
        else:
            _asked(lambda: self._client.v1.checkout.sessions.expire(session_id, {}, {"idempotency_key": f"{key}:expire"}))

    def refund(self, intent_id: str, refund_id: UUID, amount: Money, key: str) -> tuple[str, str, str]:
        """Give captured money back, or find that it was: (vendor's id, status, failure reason). Raises as the others."""
        known = _asked(lambda: self._client.v1.refunds.list({"payment_intent": intent_id, "limit": 100}))
        for refund in known.auto_paging_iter():
            if refund.metadata and "refund_id" in refund.metadata and refund.metadata["refund_id"] == str(refund_id):
                return refund.id, refund.status or "pending", getattr(refund, "failure_reason", "") or ""
        params: stripe.params.RefundCreateParams = {
            "payment_intent": intent_id,
            "amount": amount.amount_minor,
            "metadata": {"refund_id": str(refund_id)},
        }
        made = _asked(lambda: self._client.v1.refunds.create(params, {"idempotency_key": key}))
        return made.id, made.status or "pending", getattr(made, "failure_reason", "") or ""

    def forget(self, session_id: str) -> str:
        """Delete the customer that a checkout page made: give its id, or nothing. Raises Unsure, Broken, Impossible.

        With it go name, e-mail, address and cards. Charges stay at Stripe, which must keep them by law.
        """
        session = _asked(lambda: self._client.v1.checkout.sessions.retrieve(session_id))
        customer = session.customer.id if isinstance(session.customer, stripe.Customer) else session.customer
        if customer is None:
            return ""
        try:
            _asked(lambda: self._client.v1.customers.delete(customer))
        except Impossible as refusal:
            if str(refusal) != "resource_missing":
                raise
        return customer


def seen_of(session: stripe.checkout.Session) -> Seen:
    """Say what a retrieved session, with its payment intent expanded, means for the payment."""
    intent = session.payment_intent
    if intent is None or isinstance(intent, str):
        return Seen(status="expired" if session.status == "expired" else "open")
    failure = intent.last_payment_error
    charge = intent.latest_charge
    taken = intent.status == "succeeded"
    return Seen(
        status=_status(session.status or "open", intent.status),
        amount_minor=intent.amount_received if taken else intent.amount_capturable,
        currency=intent.currency.upper(),
        intent_id=intent.id,
        charge_id=charge.id if isinstance(charge, stripe.Charge) else "",
        failure_code=(getattr(failure, "decline_code", None) or failure.code or "declined") if failure else "",
        capture_before=_capture_before(charge),
    )


def _status(session: str, intent: str) -> Any:
    if intent in {"requires_capture", "succeeded", "canceled", "processing"}:
        return intent
    if session == "expired":
        return "expired"
    return "requires_action" if intent == "requires_action" else "open"


def _capture_before(charge: object) -> datetime | None:
    if not isinstance(charge, stripe.Charge) or charge.payment_method_details is None:
        return None
    card = charge.payment_method_details.card
    moment = getattr(card, "capture_before", None) if card else None
    return datetime.fromtimestamp(moment, UTC) if moment else None


def _asked(call: Callable[[], T]) -> T:
    """Make a call and sort its faults by what they mean."""
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as fault:
        raise Unsure(type(fault).__name__) from fault
    except (stripe.AuthenticationError, stripe.PermissionError) as fault:
        # Wrong keys are ours to mend; nothing that money hangs on may be given up for them.
        logger.error("Stripe does not accept our key: check STRIPE_API_KEY")  # noqa: TRY400 - no trace is wanted
        raise Unsure(type(fault).__name__) from fault
    except stripe.IdempotencyError as fault:
        # The key was used with other parameters, such as another site address: observe, then use a new key.
        raise Broken(fault.code or "idempotency_error") from fault
    except (stripe.InvalidRequestError, stripe.CardError) as fault:
        raise Impossible(fault.code or type(fault).__name__) from fault
    except stripe.StripeError as fault:
        if fault.http_status == 409:  # noqa: PLR2004 - the same key is being worked on at this moment
            raise Unsure("in use") from fault
        raise Broken(type(fault).__name__) from fault
