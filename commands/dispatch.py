"""The one door to the ledger: puts a command into its envelope, hands it to the property's writer, gives the outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands import (
    add_note,
    ask_notification,
    block_rooms,
    cancel_group,
    cancel_reservation,
    cancel_stay,
    change_block,
    change_stay,
    check_in,
    check_out,
    confirm_group,
    confirm_reservation,
    define_property,
    erase_guest,
    expire_hold,
    hold_stay,
    join_waitlist,
    leave_waitlist,
    mark_no_show,
    merge_guests,
    move_stay,
    name_guests,
    offer_waitlist,
    open_group,
    pick_up,
    pin_room,
    poke_payment,
    record_failed_step,
    record_notification,
    record_payment_observation,
    record_refund_observation,
    record_turnaway,
    record_vehicle,
    record_vendor_forgot,
    reinstate_stay,
    release_block,
    request_payment,
    swap_stays,
    unblock_rooms,
    unpin_room,
    walk_in,
)
from commands.hold_stay import GuestDetails, HoldAdvice, HoldStay
from commands.private_fields import seal_field
from ledger.clock import Clock, local_date
from ledger.command import Command, Envelope, Fingerprinter, Handler, Outcome, Urgency
from ledger.key_stock import KeyStock
from ledger.keys import GuestKey, Sealed
from ledger.writer import Writer

HANDLERS: Mapping[type[Command], Handler] = {
    add_note.AddNote: add_note.HANDLER,
    ask_notification.AskNotification: ask_notification.HANDLER,
    block_rooms.BlockRooms: block_rooms.HANDLER,
    cancel_group.CancelGroup: cancel_group.HANDLER,
    cancel_reservation.CancelReservation: cancel_reservation.HANDLER,
    cancel_stay.CancelStay: cancel_stay.HANDLER,
    change_block.ChangeBlock: change_block.HANDLER,
    change_stay.ChangeStay: change_stay.HANDLER,
    check_in.CheckIn: check_in.HANDLER,
    check_out.CheckOut: check_out.HANDLER,
    confirm_group.ConfirmGroup: confirm_group.HANDLER,
    confirm_reservation.ConfirmReservation: confirm_reservation.HANDLER,
    define_property.DefineProperty: define_property.HANDLER,
    erase_guest.EraseGuest: erase_guest.HANDLER,
    expire_hold.ExpireHold: expire_hold.HANDLER,
    hold_stay.HoldStay: hold_stay.HANDLER,
    join_waitlist.JoinWaitlist: join_waitlist.HANDLER,
    leave_waitlist.LeaveWaitlist: leave_waitlist.HANDLER,
    mark_no_show.MarkNoShow: mark_no_show.HANDLER,
    reinstate_stay.ReinstateStay: reinstate_stay.HANDLER,
    merge_guests.MergeGuests: merge_guests.HANDLER,
    move_stay.MoveStay: move_stay.HANDLER,
    name_guests.NameGuests: name_guests.HANDLER,
    offer_waitlist.OfferWaitlist: offer_waitlist.HANDLER,
    open_group.OpenGroup: open_group.HANDLER,
    pick_up.PickUp: pick_up.HANDLER,
    pin_room.PinRoom: pin_room.HANDLER,
    poke_payment.PokePayment: poke_payment.HANDLER,
    record_failed_step.RecordFailedStep: record_failed_step.HANDLER,
    record_notification.RecordNotification: record_notification.HANDLER,
    record_payment_observation.RecordPaymentObservation: record_payment_observation.HANDLER,
    record_refund_observation.RecordRefundObservation: record_refund_observation.HANDLER,
    record_turnaway.RecordTurnaway: record_turnaway.HANDLER,
    record_vehicle.RecordVehicle: record_vehicle.HANDLER,
    record_vendor_forgot.RecordVendorForgot: record_vendor_forgot.HANDLER,
    release_block.ReleaseBlock: release_block.HANDLER,
    request_payment.RequestPayment: request_payment.HANDLER,
    swap_stays.SwapStays: swap_stays.HANDLER,
    unblock_rooms.UnblockRooms: unblock_rooms.HANDLER,
    unpin_room.UnpinRoom: unpin_room.HANDLER,
    walk_in.WalkIn: walk_in.HANDLER,
    walk_in.WalkInToday: walk_in.HANDLER,
}
"""Every command that the product knows, with its two pure functions."""

WITH_GUESTS: Mapping[type[Command], Callable[[Envelope], Iterable[tuple[str, GuestDetails, UUID]]]] = {
    join_waitlist.JoinWaitlist: join_waitlist.guests,
    pick_up.PickUp: pick_up.guests,
}
"""Commands that name guests besides HoldStay: (what the sealed fields' names end with, details, reservation to be)."""

PRIVATE: Mapping[type[Command], Callable[[Any], tuple[UUID, str, object]]] = {
    add_note.AddNote: lambda asked: (asked.reservation_id, "note", {"text": asked.note}),
    name_guests.NameGuests: lambda asked: (
        asked.reservation_id, "guests", [guest.model_dump() for guest in asked.guests],
    ),
}  # fmt: skip
"""Commands that add something personal to a reservation: (whose, the field, what is to be sealed)."""

GuestKeyOf = Callable[[UUID], Awaitable[GuestKey | None]]
"""Gives the key of a reservation's guest; nothing when there is no such reservation, or the key was destroyed."""

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
        fingerprint: Fingerprinter, key_stock: KeyStock, guest_key: GuestKeyOf, suggest: Suggest, hold_ttl_seconds: int,
    ) -> None:  # fmt: skip
        self._property_code = property_code
        self._time_zone = time_zone
        self._writer = writer
        self._clock = clock
        self._fingerprint = fingerprint
        self._key_stock = key_stock
        self._guest_key = guest_key
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
        elif type(command) in WITH_GUESTS:
            envelope = await self._with_guests(envelope)
        elif type(command) in PRIVATE:
            envelope = await self._with_private_field(envelope)
        return (await self._writer.submit(envelope)).or_raise()

    async def _with_guest(self, command: HoldStay, envelope: Envelope, asked: Asked) -> Envelope:
        """Seal the guest's details for the first event of the reservation, under a key of their own; add the advice."""
        sealed = await self._sealed("", command.guest, hold_stay.guest_stream(envelope.command_id))
        advice = HoldAdvice(await self._suggest(command), self._hold_ttl_seconds, asked.holders, asked.channel)
        return replace(envelope, sealed=sealed, advice=advice)

    async def _with_guests(self, envelope: Envelope) -> Envelope:
        """Seal the details of every guest that a command names, each under a key of their own."""
        sealed: dict[str, Sealed] = {}
        for ending, details, stream in WITH_GUESTS[type(envelope.command)](envelope):
            sealed |= await self._sealed(ending, details, stream)
        return replace(envelope, sealed=sealed)

    async def _with_private_field(self, envelope: Envelope) -> Envelope:
        """Seal what a command adds about a guest under the guest's own key, if it is still there."""
        reservation_id, field, value = PRIVATE[type(envelope.command)](envelope.command)
        key = await self._guest_key(reservation_id)
        if key is None or key.profile is None:
            return envelope
        return replace(envelope, sealed={field: seal_field(key, reservation_id, envelope.command_id, field, value)})

    async def _sealed(self, ending: str, details: GuestDetails, stream: UUID) -> dict[str, Sealed]:
        key = await self._key_stock.take()
        fiscal = {"name": details.name, "country": details.country}
        return {
            f"guest{ending}": key.seal(details.model_dump(), stream, 1, "guest"),
            f"fiscal{ending}": key.seal(fiscal, stream, 1, "fiscal"),
        }

    @property
    def now(self) -> datetime:
        """Give the product's present moment."""
        return self._clock.now()
