"""What happens to a stay after it was booked: changed, cancelled, moved, checked in and out. One POST each.

The body is the command's content; the ids stand in the address. Guests may change, cancel and note, staff may do everything.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends

from commands.add_note import AddNote
from commands.cancel_stay import CancelStay
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.mark_no_show import MarkNoShow
from commands.merge_guests import MergeGuests
from commands.move_stay import MoveStay
from commands.name_guests import NameGuests
from commands.pin_room import PinRoom
from commands.reinstate_stay import ReinstateStay
from commands.swap_stays import SwapStays
from commands.unpin_room import UnpinRoom
from commands.walk_in import WalkIn, WalkInToday
from ledger.clock import local_date
from ledger.command import Command
from web.api.asking import Asking, about, command_of, described
from web.api.previews import change_preview, giving_up_preview, only_stay
from web.api.reservations import found_now

router = APIRouter(tags=["stays"])
RESERVATION = "/reservations/{reservation_id}"
STAY = f"{RESERVATION}/stays/{{stay_id}}"
IDS = ("reservation_id", "stay_id")
STEPS: Mapping[str, type[Command]] = {
    "check-in": CheckIn, "check-out": CheckOut, "no-show": MarkNoShow, "reinstate": ReinstateStay,
    "move": MoveStay, "swap": SwapStays, "pin": PinRoom, "unpin": UnpinRoom, "guests": NameGuests,
}  # fmt: skip
"""What staff may do with a stay, by the last word of its address. To add a step, add a line."""
Content = Annotated[dict[str, Any] | None, Body()]
AskingDoor = Annotated[Asking, Depends(about)]
Route = Callable[[Asking, UUID, UUID, dict[str, Any] | None], Awaitable[dict[str, Any]]]


@router.post(f"{RESERVATION}/change", openapi_extra=described(ChangeStay, "reservation_id", optional=("stay_id",)))
async def change(asking: AskingDoor, reservation_id: UUID, content: Content = None, preview: bool = False) -> dict[str, Any]:
    """Change dates, party, room type or rate plan of a stay; with `?preview=true` only tell what that would cost.

    `stay_id` may be left out while the reservation has only one. 409 `reservation.changed_since` tells what changed.
    """
    asking.guest_may(reservation_id)
    found = await found_now(asking.desk, reservation_id)
    named = command_of(ChangeStay, {"stay_id": UUID(int=0), **(content or {})}, reservation_id=reservation_id)
    stay_id = only_stay(found, named.stay_id if named.stay_id.int else None)
    command = named.model_copy(update={"stay_id": stay_id})
    if not preview:
        return await asking.do(command)
    hotel = await asking.desk.hotel.current()
    return asking.shows(change_preview(found, hotel, command, asking.house.clock.now()))


@router.post(f"{STAY}/cancel", openapi_extra=described(CancelStay, *IDS))
async def cancel(
    asking: AskingDoor, reservation_id: UUID, stay_id: UUID, content: Content = None, preview: bool = False
) -> dict[str, Any]:
    """Cancel one stay by its policy; with `?preview=true` only tell fee and refund."""
    asking.guest_may(reservation_id)
    command = command_of(CancelStay, content, reservation_id=reservation_id, stay_id=stay_id)
    if not preview:
        return await asking.do(command)
    found = await found_now(asking.desk, reservation_id)
    return asking.shows(giving_up_preview(found, only_stay(found, stay_id), asking.house.clock.now()))


@router.post(f"{RESERVATION}/notes", openapi_extra=described(AddNote, "reservation_id"))
async def note(asking: AskingDoor, reservation_id: UUID, content: Content = None) -> dict[str, Any]:
    """Note something about a reservation or one of its stays; kept under the guest's own key."""
    asking.guest_may(reservation_id)
    return await asking.do(command_of(AddNote, content, reservation_id=reservation_id))


@router.post(f"{RESERVATION}/merge-guest", openapi_extra=described(MergeGuests, "reservation_id"))
async def merge(asking: AskingDoor, reservation_id: UUID, content: Content = None) -> dict[str, Any]:
    """Say that the guest of this reservation and that of another are the same person."""
    asking.staff_may()
    return await asking.do(command_of(MergeGuests, content, reservation_id=reservation_id))


@router.post("/walk-ins", status_code=201, openapi_extra=described(WalkIn, optional=("arrival",)))
async def walk_in(asking: AskingDoor, content: Content = None) -> dict[str, Any]:
    """Book and check in somebody who stands at the reception, in one commit; what is not paid stays owed.

    `arrival` is today at the hotel and may be left out.
    """
    asking.staff_may()
    said = content or {}
    if said.get("stays") or "arrival" in said:
        command = command_of(WalkIn, said)
    else:
        today = local_date(asking.house.clock.now(), asking.desk.listed.time_zone)
        command = command_of(WalkInToday, {**said, "arrival": today})
    booked = await asking.do(command)
    reservation_id = UUID(str(booked["reservation_id"]))
    return {**booked, "manage_url": asking.house.links.manage_url(asking.desk.listed.code, reservation_id)}


def _step(kind: type[Command]) -> Route:
    async def step(asking: AskingDoor, reservation_id: UUID, stay_id: UUID, content: Content = None) -> dict[str, Any]:
        asking.staff_may()
        return await asking.do(command_of(kind, content, reservation_id=reservation_id, stay_id=stay_id))

    return step


for word, kind in STEPS.items():
    router.add_api_route(
        f"{STAY}/{word}", _step(kind), methods=["POST"], openapi_extra=described(kind, *IDS), name=word,
        description=(sys.modules[kind.__module__].__doc__ or "").partition("\n")[0],
    )  # fmt: skip
