"""GET /revenue: what is on the books, for finance."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from queries.revenue import LONGEST_PERIOD_DAYS, GroupBy, RevenueGroup
from web.doors import After, DeskDoor, VisitorDoor, settle
from web.problems import Problem

router = APIRouter(tags=["revenue"])


@router.get("/revenue")
async def revenue(
    desk: DeskDoor, visitor: VisitorDoor, response: Response,
    first: Annotated[date, Query(alias="from")], last: Annotated[date, Query(alias="to")],
    group_by: GroupBy = "stay_date", after: After = None,
) -> dict[str, Any]:  # fmt: skip
    """Sum confirmed room-nights and revenue of the stay dates from `from` to `to`, both included. Scope revenue:read."""
    visitor.must("revenue:read", desk.listed.code)
    if not 0 <= (last - first).days <= LONGEST_PERIOD_DAYS:
        raise Problem(
            "malformed", f"`to` must not be before `from`, and at most {LONGEST_PERIOD_DAYS} days after it.", field="to"
        )
    await settle(desk, "revenue", after)
    found = await desk.revenue.on_the_books(first, last, group_by)
    response.headers["Ledger-Position"] = str(found.position)
    return {
        "position": found.position,
        "from": first,
        "to": last,
        "group_by": group_by,
        "groups": [_json(group, found.currency) for group in found.groups],
        "total": _json(found.whole, found.currency),
    }


def _json(group: RevenueGroup, currency: str) -> dict[str, Any]:
    def money(minor: int | None) -> dict[str, Any] | None:
        return None if minor is None else {"amount_minor": minor, "currency": currency}

    return {
        "group": group.group,
        "room_nights": group.room_nights,
        "room_revenue": money(group.room_revenue_minor),
        "total_revenue": money(group.total_revenue_minor),
        "adr": money(group.adr_minor),
        "revpar": money(group.revpar_minor),
        "occupancy_percent": group.occupancy_percent,
    }
