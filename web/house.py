"""What the web is given by the wiring: the doors to one property, and to all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from commands.dispatch import Dispatch
from ledger.clock import Clock
from queries.access import Access, Listed
from queries.availability import AvailabilityQuery
from queries.demand import DemandQuery
from queries.groups import GroupQuery
from queries.hotel import HotelQuery
from queries.news import Newsroom
from queries.progress import Progress
from queries.proofs import Proofs
from queries.reservations import ReservationQuery
from queries.revenue import RevenueQuery
from queries.streams import Streams
from web.limits import Limits
from web.links import Links


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that is asked of one property."""

    listed: Listed
    dispatch: Dispatch
    streams: Streams
    hotel: HotelQuery
    availability: AvailabilityQuery
    reservations: ReservationQuery
    revenue: RevenueQuery
    news: Newsroom
    groups: GroupQuery
    demand: DemandQuery
    progress: Progress
    proofs: Proofs


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """What the web needs to know of the settings. Limits of 0 mean none."""

    site_url: str
    checkout_origin: str
    holds_per_address: int
    holds_per_email: int
    hold_ttl_seconds: int
    stripe_webhook_secret: str
    sendgrid_webhook_public_key: str
    blind_secret: bytes
    form_secret: bytes


@dataclass(frozen=True, kw_only=True)
class House:
    """All that the web works with."""

    settings: WebSettings
    clock: Clock
    access: Access
    links: Links
    limits: Limits
    desk: Callable[[str], Awaitable[Desk | None]]
    is_ready: Callable[[], Awaitable[dict[str, str]]]

    async def front_desk(self) -> Desk | None:
        """Give the desk of the property that the guest site shows: the first that was opened for real."""
        listed = [each for each in await self.access.properties() if not each.scratch]
        return await self.desk(listed[0].code) if listed else None
