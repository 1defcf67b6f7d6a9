"""What happens to a stay after it was booked: changed, cancelled, moved, checked in and out. One POST each.

The body is the command's content; the ids stand in the address. Guests may change and cancel, staff may do everything.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends

from commands.change_stay import ChangeStay
from web.api.asking import Asking, about, command_of, described
from web.api.reservations import found_now
from web.previews import change_preview, only_stay

router = APIRouter(tags=["stays"])
Content = Annotated[dict[str, Any] | None, Body()]
AskingDoor = Annotated[Asking, Depends(about)]


@router.post("/reservations/{reservation_id}/change", openapi_extra=described(ChangeStay, "reservation_id"))
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
