"""The pages a guest sees at the bank and at Checkout: pay, authenticate, expired. Plain forms, no script.

Nothing typed here is kept except which test card it was; the rules of paying are in `checkout` and `charging`.
"""

from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ops.sandbox import cards, checkout, forms, timers
from ops.sandbox.pages import money, render
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import StripeError
from ops.sandbox.world import World

router = APIRouter()
SEE_OTHER = 303
NOT_AUTHENTICATED = "We are unable to authenticate your payment method. Please choose a different payment method and try again."


def _world(request: Request) -> World:
    world: World = request.app.state.world
    world.public_url = world.settings.public_url or str(request.base_url).rstrip("/")
    timers.run(world)
    return world


@router.get("/c/pay/{session_id}")
async def pay_page(request: Request, session_id: str) -> Response:
    """Show the payment form of an open session; a finished one leads back to the merchant."""
    world = _world(request)
    session = world.store.get("checkout.session", session_id)
    if (closed := _closed(request, session)) or session is None:
        return closed or Response(status_code=404)
    return _form(request, session, _last_error(world, session))


def _closed(request: Request, session: Json | None) -> Response | None:
    if session is None:
        return render(
            request, "expired.html", 404, title="Page not found", cancel_url=None, message="There is no such checkout page."
        )
    if session["status"] == "expired":
        return render(
            request,
            "expired.html",
            410,
            title="This page has expired",
            cancel_url=session["cancel_url"],
            message="You were not charged. Please go back and start again.",
        )
    return RedirectResponse(_success_url(session), SEE_OTHER) if session["status"] == "complete" else None


def _success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _last_error(world: World, session: Json) -> str | None:
    intent = world.store.get("payment_intent", session["payment_intent"] or "") or {}
    failure = intent.get("last_payment_error") or {}
    if failure.get("code") == "payment_intent_authentication_failure":
        return NOT_AUTHENTICATED
    return failure.get("message")


def _form(
    request: Request, session: Json, error: str | None, field: str = "card_number", typed: Json | None = None
) -> Response:
    """Show the form, always with 200: a browser would log any other status as an error of the page."""
    world: World = request.app.state.world
    items = world.find("checkout", session["id"])["items"]
    lines = [(item["description"], item["quantity"], money(item["amount_total"], item["currency"])) for item in items]
    return render(
        request,
        "pay.html",
        session=session,
        lines=lines,
        error=error,
        field=field,
        typed=typed or {},
        total=money(session["amount_total"], session["currency"]),
    )


@router.post("/c/pay/{session_id}")
async def pay(request: Request, session_id: str) -> Response:
    """Try to pay with the typed card: back to the merchant, on to the bank, or the form again with the reason."""
    world = _world(request)
    typed = forms.parse((await request.body()).decode())
    session = world.store.get("checkout.session", session_id)
    if (closed := _closed(request, session)) or session is None:
        return closed or Response(status_code=404)
    wrong = _mistake(typed, world.now(), needs_email=not session["customer_email"])
    if wrong:
        return _form(request, session, wrong[1], wrong[0], typed)
    declined: StripeError | None = None
    with world.store.transaction():
        try:
            intent = checkout.pay(
                world, session, cards.card_of(typed["card_number"]), _expiry(typed["expiry"]), typed.get("email")
            )
        except StripeError as error:
            declined = error
    if declined:
        return _form(request, session, str(declined), "card_number", typed)
    if intent["status"] == "requires_action":
        return RedirectResponse(f"/c/3ds/{intent['id']}", SEE_OTHER)
    return RedirectResponse(_success_url(session), SEE_OTHER)


def _mistake(typed: Json, now: int, *, needs_email: bool) -> tuple[str, str] | None:
    """Name the first field that cannot be right, and why."""
    number = str(typed.get("card_number", "")).replace(" ", "")
    today = datetime.fromtimestamp(now, UTC)
    month, year = _expiry(str(typed.get("expiry", "")))
    cvc, email = str(typed.get("cvc", "")).strip(), str(typed.get("email", ""))
    checks = (
        ("card_number", not number.isdigit() or not 12 < len(number) < 20, "Your card number is incomplete."),  # noqa: PLR2004 - digits of a card number
        ("card_number", number.isdigit() and not cards.passes_luhn(number), "Your card number is invalid."),
        ("expiry", not 1 <= month <= 12, "Your card's expiration date is incomplete."),  # noqa: PLR2004 - months
        ("expiry", (year, month) < (today.year, today.month), "Your card's expiration year is in the past."),
        ("cvc", not cvc.isdigit() or len(cvc) not in {3, 4}, "Your card's security code is incomplete."),
        ("email", needs_email and bool(email) and "@" not in email, "Enter a valid email address."),
    )
    return next(((field, message) for field, wrong, message in checks if wrong), None)


def _expiry(text: str) -> tuple[int, int]:
    """Read `12/34`, `12 / 2034` or `1234`; (0, 0) when it is none of them."""
    digits = "".join(char for char in text if char.isdigit())
    if len(digits) not in {4, 6}:
        return 0, 0
    return int(digits[:2]), int(digits[2:]) + (2000 if len(digits) == 4 else 0)  # noqa: PLR2004 - MMYY or MMYYYY


@router.get("/c/3ds/{intent_id}")
async def authentication_page(request: Request, intent_id: str) -> Response:
    """Show the bank's question."""
    world = _world(request)
    intent = world.store.get("payment_intent", intent_id)
    if intent is None or intent["status"] != "requires_action":
        return _after(request, intent)
    method = world.find("payment_method", intent["payment_method"])
    return render(
        request,
        "authenticate.html",
        200,
        intent=intent,
        last4=method["card"]["last4"],
        total=money(intent["amount"], intent["currency"]),
    )


@router.post("/c/3ds/{intent_id}")
async def authenticate(request: Request, intent_id: str) -> Response:
    """Take the guest's answer and lead back to the form or to the merchant."""
    world = _world(request)
    typed = forms.parse((await request.body()).decode())
    intent = world.store.get("payment_intent", intent_id)
    if intent is not None and intent["status"] == "requires_action":
        return_url = intent["next_action"]["redirect_to_url"]["return_url"]
        with world.store.transaction():
            intent = checkout.finish_authentication(world, intent, passed=typed.get("outcome") == "complete")
        return _after(request, intent, return_url)
    return _after(request, intent)


def _after(request: Request, intent: Json | None, return_url: str | None = None) -> Response:
    world: World = request.app.state.world
    sessions = world.store.all("checkout.session", payment_intent=intent["id"]) if intent else []
    if sessions:
        return RedirectResponse(f"/c/pay/{sessions[0]['id']}", SEE_OTHER)
    if intent and return_url:
        status = "succeeded" if intent["status"] in {"succeeded", "requires_capture"} else "failed"
        query = {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": status,
        }
        return RedirectResponse(f"{return_url}{'&' if '?' in return_url else '?'}{urlencode(query)}", SEE_OTHER)
    return render(
        request,
        "expired.html",
        410,
        title="Nothing to authenticate",
        cancel_url=None,
        message="This payment no longer waits for your bank.",
    )
