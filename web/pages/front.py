"""The property that the guest site shows, for every page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from web.doors import HouseDoor
from web.house import Desk
from web.problems import Problem


async def front_desk(request: Request, house: HouseDoor) -> Desk:
    """Give the desk of the property that the site is for. Raises Problem 404 while none is open."""
    desk = await house.front_desk()
    if desk is None:
        raise Problem("property.unopened", "No property is open here yet: run `nightledger seed FILE`.")
    request.state.hotel = (await desk.hotel.current()).definition
    return desk


FrontDoor = Annotated[Desk, Depends(front_desk)]
