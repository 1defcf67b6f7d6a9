"""The one door to the ledger: puts a command into its envelope, hands it to the property's writer, gives the outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from commands import (
    ask_notification,
    cancel_reservation,
    confirm_reservation,
    define_property,
    erase_guest,
    expire_hold,
    hold_stay,
    poke_payment,
    record_failed_step,
    record_notification,
    record_payment_observation,
    record_refund_observation,
    record_vehicle,
    record_vendor_forgot,
    request_payment,
)
from commands.hold_stay import HoldAdvice, HoldStay
from ledger.clock import Clock, local_date
from ledger.command import Command, Envelope, Fingerprinter, Handler, Outcome, Urgency
from ledger.key_stock import KeyStock
from ledger.writer import Writer

HANDLERS: Mapping[type[Command], Handler] = {
    ask_notification.AskNotification: ask_notification.HANDLER,
    cancel_reservation.CancelReservation: cancel_reservation.HANDLER,
    confirm_reservation.ConfirmReservation: confirm_reservation.HANDLER,
    define_property.DefineProperty: define_property.HANDLER,
    erase_guest.EraseGuest: erase_guest.HANDLER,
    expire_hold.ExpireHold: expire_hold.HANDLER,
    hold_stay.HoldStay: hold_stay.HANDLER,
    poke_payment.PokePayment: poke_payment.HANDLER,
    record_failed_step.RecordFailedStep: record_failed_step.HANDLER,
    record_notification.RecordNotification: record_notification.HANDLER,
    record_payment_observation.RecordPaymentObservation: record_payment_observation.HANDLER,
    record_refund_observation.RecordRefundObservation: record_refund_observation.HANDLER,
    record_vehicle.RecordVehicle: record_vehicle.HANDLER,
    record_vendor_forgot.RecordVendorForgot: record_vendor_forgot.HANDLER,
    request_payment.RequestPayment: request_payment.HANDLER,
}
"""Every command that the product knows, with its two pure functions."""

Suggest = Callable[[HoldStay], Awaitable[tuple[str, ...]]]
"""Proposes rooms to try first, from a read model; may be wrong, may be empty, never raises."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks, under which id, and because of what. `holders` limits the live holds of guests without a key."""

    command_id: UUID
    actor: str
    correlation_id: UUID | None = None
    cause_position: int | None = None
    urgency: Urgency = Urgency.GUEST
    holders: tuple[tuple[UUID, int], ...] = ()
    channel: str = "direct"


class Dispatch:
    """Commands of one property. Every process that issues commands has its own."""

    def __init__(
        self, property_code: str, time_zone: str, writer: Writer, clock: Clock,
        fingerprint: Fingerprinter, key_stock: KeyStock, suggest: Suggest, hold_ttl_seconds: int,
    ) -> None:  # fmt: skip
        self._property_code = property_code
        self._time_zone = time_zone
        self._writer = writer
        self._clock = clock
        self._fingerprint = fingerprint
        self._key_stock = key_stock
        self._suggest = suggest
        self._hold_ttl_seconds = hold_ttl_seconds

    async def __call__(self, command: Command, asked: Asked) -> Outcome:
        """Decide `command` and make the outcome durable. Raises Refusal (also for a repeated one), Unavailable."""
        now = self._clock.now()
        envelope = Envelope(
            command=command, command_id=asked.command_id, property_code=self._property_code, actor=asked.actor,
            occurred_at=now, fingerprint=self._fingerprint(command), correlation_id=asked.correlation_id,
            cause_position=asked.cause_position, business_date=local_date(now, self._time_zone), urgency=asked.urgency,
        )  # fmt: skip
        if isinstance(command, HoldStay):
            envelope = await self._with_guest(command, envelope, asked)
        return (await self._writer.submit(envelope)).or_raise()

    async def _with_guest(self, command: HoldStay, envelope: Envelope, asked: Asked) -> Envelope:
        """Seal the guest's details for the first event of the reservation, under a key of their own; add the advice."""
        key = await self._key_stock.take()
        stream = hold_stay.guest_stream(envelope.command_id)
        sealed = {
            "guest": key.seal(command.guest.model_dump(), stream, 1, "guest"),
            "fiscal": key.seal({"name": command.guest.name, "country": command.guest.country}, stream, 1, "fiscal"),
        }
        advice = HoldAdvice(await self._suggest(command), self._hold_ttl_seconds, asked.holders, asked.channel)
        return replace(envelope, sealed=sealed, advice=advice)

    @property
    def now(self) -> datetime:
        """Give the product's present moment."""
        return self._clock.now()
