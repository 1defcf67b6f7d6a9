"""Paying: which step a payment needs next, and taking it. Confirm here first, then capture there.

The state is folded from the payment's own events; the queue only says "look at this payment". Every step ends in a
command, and the table of what an observation means is in that command, next to the room-nights it decides on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from aggregates.payment import Payment
from commands.dispatch import Dispatch
from commands.record_failed_step import RecordFailedStep
from commands.record_payment_observation import RecordPaymentObservation, Seen
from commands.record_refund_observation import RecordRefundObservation
from commands.record_vehicle import RecordVehicle
from ledger.command import Command
from ledger.event import Recorded
from ledger.ids import saga_command_id
from ledger.refusal import Refusal, code_of
from queries.streams import Streams
from sagas.because import because_of
from sagas.gateways.stripe_checkout import Broken, CheckoutWanted, Impossible, StripeCheckout, Unsure

RULE = "paying"
Step = Literal["create", "observe", "capture", "void", "refund"]
WAITS = (30, 120, 600, 3600)
"""Seconds between looks at a payment that does not move."""
TIMES_TO_LOOK_AGAIN = 5
SHORTEST_PAGE = timedelta(minutes=30)
"""Stripe makes no page that would close sooner."""
KEY_LIFE = timedelta(hours=23)
"""Stripe may forget an idempotency key after a day; an older one is never sent again."""


@dataclass
class Paying:
    """A payment as its events tell it. `cause` is the last of them: what the next step follows from."""

    payment_id: UUID
    cause: Recorded | None = None
    version: int = 0
    step: Step | None = None
    requested: Payment.Requested | None = None
    requested_at: datetime | None = None
    step_asked_at: datetime | None = None
    session_id: str = ""
    intent_id: str = ""
    refunds: list[Payment.RefundAsked] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def refund(self) -> Payment.RefundAsked | None:
        """Give the refund that is done next: the one that was asked for first."""
        return self.refunds[0] if self.refunds else None

    def key(self, step: Step) -> str:
        """Name the idempotency key of the present attempt of a step."""
        subject = f"refund:{self.refund.refund_id}" if step == "refund" and self.refund else f"pay:{self.payment_id}:{step}"
        return f"{subject}:{self.failed[step] + 1}"


def follow(payment_id: UUID, events: Iterable[Recorded]) -> Paying:
    """Fold a payment's events into the step that it needs. Pure."""
    paying = Paying(payment_id)
    for recorded in events:
        paying.version, paying.cause = recorded.version, recorded
        _take(paying, recorded)
    return paying


def _take(paying: Paying, recorded: Recorded) -> None:  # noqa: C901 - one line a kind of event
    match recorded.event:
        case Payment.Requested() as requested:
            paying.requested, paying.requested_at, paying.step = requested, recorded.occurred_at, "create"
        case Payment.VehicleMade(session_id=session_id):
            paying.session_id = session_id
            paying.step = "observe" if paying.step == "create" else paying.step
        case Payment.StepFailed(step=step):
            paying.failed[step] += 1
        case Payment.Authorised(intent_id=intent_id):
            paying.intent_id = intent_id
        case Payment.CaptureAsked():
            paying.step = "capture"
        case Payment.VoidAsked():
            paying.step = "void"
        case Payment.Captured(intent_id=intent_id):
            paying.intent_id, paying.step = intent_id, None
        case Payment.RefundAsked() as refund:
            paying.step = "refund"
            paying.refunds.append(refund)
        case Payment.Refunded(refund_id=refund_id) | Payment.RefundFailed(refund_id=refund_id):
            paying.refunds = [each for each in paying.refunds if each.refund_id != refund_id]
            paying.step = "refund" if paying.refunds else None
        case Payment.Closed() | Payment.Lost():
            paying.step = None


class PayingSaga:
    """Takes the steps of one property's payments."""

    def __init__(
        self,
        property_code: str,
        dispatch: Dispatch,
        streams: Streams,
        stripe: StripeCheckout,
        pay_url: Callable[[str, UUID], str],
    ) -> None:
        self._property_code = property_code
        self._dispatch = dispatch
        self._streams = streams
        self._stripe = stripe
        self._pay_url = pay_url

    async def advance(self, payment_id: UUID, tries: int) -> int | None:
        """Take steps until the payment waits for somebody; give the seconds after which to look again, or nothing."""
        wait = WAITS[min(tries, len(WAITS)) - 1]
        for _ in range(TIMES_TO_LOOK_AGAIN):
            paying = follow(payment_id, await self._streams.read([payment_id]))
            if paying.step is None:
                return wait if paying.version else None
            try:
                if not await self._take(paying):
                    return wait
            except Unsure:
                return min(tries, 30)
        return 1

    async def _take(self, paying: Paying) -> bool:
        """Take the step that is due; tell whether the payment may have moved, so that the next step can follow at once."""
        match paying.step:
            case "create":
                return await self._create(paying)
            case "capture":
                return await self._capture(paying)
            case "void":
                return await self._void(paying)
            case "refund":
                return await self._refund(paying)
            case _:
                return await self._observe(paying)

    async def _create(self, paying: Paying) -> bool:
        try:
            made = await self._made(paying)
        except Impossible:
            if self._has_time(paying):
                raise
            # Nobody could ask for so long that no page can be open until the promised moment any more.
            return await self._record(paying, Seen(status="expired"))
        if made is not None:
            session_id, url = made
            await self._tell(paying, RecordVehicle(payment_id=paying.payment_id, session_id=session_id, url=url))
        return False

    def _has_time(self, paying: Paying) -> bool:
        """Tell whether a page may still be made that lives as long as Stripe wants one to live."""
        return paying.requested is not None and self._dispatch.now + SHORTEST_PAGE < paying.requested.vehicle.expires_at

    async def _made(self, paying: Paying) -> tuple[str, str] | None:
        """Make the checkout page, or find the one that was made; nothing when this attempt did nothing."""
        wanted = self._wanted(paying)
        assert paying.requested_at is not None  # noqa: S101 - a payment to create was requested
        if self._dispatch.now - paying.requested_at > KEY_LIFE:
            return await asyncio.to_thread(self._stripe.find, paying.payment_id, paying.requested_at)
        try:
            return await asyncio.to_thread(self._stripe.make, wanted, paying.key("create"))
        except Broken as broken:
            found = await asyncio.to_thread(self._stripe.find, paying.payment_id, paying.requested_at)
            if found is None:
                await self._note_failure(paying, "create", str(broken))
            return found

    async def _void(self, paying: Paying) -> bool:
        """Close the page; one that may have been made without our knowing is found by making it again with its key."""
        if not paying.session_id:
            try:
                made = await self._made(paying)
            except Impossible:
                made = None
            if made is None:
                return await self._record(paying, Seen(status="expired"))
            session_id, url = made
            await self._tell(paying, RecordVehicle(payment_id=paying.payment_id, session_id=session_id, url=url))
            return True
        seen = await asyncio.to_thread(self._stripe.observe, paying.session_id)
        if seen.status in {"open", "requires_action", "requires_capture"}:
            paying.intent_id = seen.intent_id if seen.status == "requires_capture" else ""
            await self._ask(paying, "void")
            seen = await asyncio.to_thread(self._stripe.observe, paying.session_id)
        return await self._record(paying, seen)

    async def _capture(self, paying: Paying) -> bool:
        """Capture, then look. A refusal that left everything as it was would be replayed, so the next try has a new key."""
        done = await self._ask(paying, "capture")
        moved = await self._observe(paying)
        if not done and not moved:
            await self._note_failure(paying, "capture", "refused")
        return moved

    async def _ask(self, paying: Paying, step: Literal["capture", "void"]) -> bool:
        """Ask for a step; tell whether it was taken. What cannot be done any more shows in the observation that follows."""
        try:
            if step == "capture":
                await asyncio.to_thread(self._stripe.capture, paying.intent_id, paying.key(step))
            else:
                await asyncio.to_thread(self._stripe.void, paying.session_id, paying.intent_id, paying.key(step))
        except Impossible:
            return False
        except Broken as broken:
            await self._note_failure(paying, step, str(broken))
        return True

    async def _observe(self, paying: Paying) -> bool:
        return await self._record(paying, await asyncio.to_thread(self._stripe.observe, paying.session_id))

    async def _record(self, paying: Paying, seen: Seen) -> bool:
        command = RecordPaymentObservation(payment_id=paying.payment_id, version=paying.version, seen=seen)
        answer = await self._tell(paying, command)
        return answer is None or bool(answer.get("moved"))

    async def _refund(self, paying: Paying) -> bool:
        refund = paying.refund
        assert refund is not None  # noqa: S101 - the step is due because a refund was asked for
        try:
            vendor_refund_id, status, reason = await asyncio.to_thread(
                self._stripe.refund, paying.intent_id, refund.refund_id, refund.amount, paying.key("refund")
            )
        except Broken as broken:
            await self._note_failure(paying, "refund", str(broken))
            return False
        except Impossible as impossible:
            vendor_refund_id, status, reason = "", "failed", str(impossible)
        command = RecordRefundObservation(
            payment_id=paying.payment_id,
            refund_id=refund.refund_id,
            vendor_refund_id=vendor_refund_id,
            status=status,
            reason=reason,
        )
        await self._tell(paying, command)
        return False

    async def _note_failure(self, paying: Paying, step: Step, reason: str) -> None:
        attempt = paying.failed[step] + 1
        command = RecordFailedStep(payment_id=paying.payment_id, step=step, attempt=attempt, reason=reason)
        await self._tell(paying, command)

    async def _tell(self, paying: Paying, command: Command) -> dict[str, object] | None:
        """Report back with a command; nothing when the payment has moved on meanwhile."""
        attempt = f"{type(command).__name__}/{paying.version}/{command.model_dump_json()}"
        assert paying.cause is not None  # noqa: S101 - a payment without events has no step
        asked = because_of(paying.cause, saga_command_id(RULE, paying.payment_id, attempt), RULE)
        try:
            return (await self._dispatch(command, asked)).answer
        except Refusal as refusal:
            if code_of(refusal) == "payment.moved_on":
                return None
            raise

    def _wanted(self, paying: Paying) -> CheckoutWanted:
        requested = paying.requested
        assert requested is not None  # noqa: S101 - a payment without its request has no step
        vehicle = requested.vehicle
        link = self._pay_url(self._property_code, requested.reservation_id)
        return CheckoutWanted(
            property_code=self._property_code,
            reservation_id=requested.reservation_id,
            payment_id=paying.payment_id,
            amount=requested.amount,
            description=vehicle.description,
            success_url=f"{link}/return",
            cancel_url=f"{link}?back=1",
            language=vehicle.language,
            expires_at=vehicle.expires_at,
        )
