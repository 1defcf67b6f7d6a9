"""The only place that builds anything: pools, writers, queries, sagas. One `Wiring` a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from redis.asyncio import Redis

from commands.dispatch import HANDLERS, Dispatch
from commands.hold_stay import HoldStay
from ledger.clock import Clock
from ledger.command import Command, Fingerprinter, fingerprinter
from ledger.key_stock import KeyStock
from ledger.keys import GuestKeys, MasterKeys, MasterKeyWrong
from ledger.log import Connection, Log
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from ledger.writer import Writer
from ops.catalogue import CATALOGUE
from ops.connections import connect_postgres, connect_redis, redis_pool
from ops.metrics import BatchGauge
from ops.migrate import refuse_newer
from ops.secrets import master_keys
from ops.settings import BadConfiguration, Settings
from projections.availability import KEPT_AS, Availability
from projections.demand import Demand
from projections.due import DueList
from projections.groups import Groups
from projections.guests import Guests
from projections.postgres_model import PostgresModel
from projections.redis_model import RedisModel
from projections.reservations import Reservations
from projections.revenue import KEPT_AS as REVENUE_KEPT_AS
from projections.revenue import Revenue
from queries.access import Access, Listed
from queries.availability import AvailabilityQuery
from queries.demand import DemandQuery
from queries.groups import GroupQuery
from queries.guests import key_of_guest
from queries.hotel import HotelQuery
from queries.news import FOR_EVERYBODY, FOR_STAFF, Newsroom
from queries.pages import Pages
from queries.progress import Position, Progress
from queries.proofs import Proofs
from queries.reservations import ReservationQuery
from queries.revenue import RevenueQuery
from queries.streams import Streams
from web.house import Desk, House, WebSettings
from web.limits import Limits
from web.links import Links

SUGGESTION_SECONDS = 2.0
"""A guest waits no longer for advice than that; the writer then looks at all rooms itself."""
CHECKOUT_ORIGIN = "https://checkout.stripe.com"


@dataclass(frozen=True, kw_only=True)
class Models:
    """The read models of one property."""

    availability: Availability
    revenue: Revenue
    reservations: Reservations
    due: DueList
    guests: Guests
    groups: Groups
    demand: Demand


class Wiring:
    """The parts of a running process, built when they are first asked for."""

    def __init__(self, settings: Settings, pool: AsyncConnectionPool[Connection], redis: Redis, masters: MasterKeys) -> None:
        self.settings = settings
        self.pool = pool
        self.redis = redis
        self.clock = Clock(settings.clock_offset, settings.clock_file)
        self.keys = GuestKeys(keys_path(settings), masters)
        self.key_stock = KeyStock(self.keys)
        self.access = Access(pool)
        self.links = Links(self.secret("links"), settings.site_url)
        self._fingerprinter: Fingerprinter | None = None
        self._desks: dict[str, Desk] = {}

    async def desk(self, property_code: str) -> Desk | None:
        """Give the desk of a property, or nothing when there is no such property."""
        if property_code not in self._desks:
            listed = next((each for each in await self.access.properties() if each.code == property_code), None)
            if listed is None:
                return None
            self._desks.setdefault(property_code, self._build_desk(listed))
        return self._desks[property_code]

    def secret(self, purpose: str) -> bytes:
        """Derive a secret. Under a wrong master key it fits nothing that was made before, and what needs none goes on."""
        try:
            return self.keys.derive(purpose)
        except MasterKeyWrong:
            return self.keys.masters.first.derive(purpose)

    def _fingerprint(self, command: Command) -> bytes:
        """Give a command's fingerprint. Raises MasterKeyWrong: nothing is written under the wrong key."""
        if self._fingerprinter is None:
            self._fingerprinter = fingerprinter(self.keys.derive("fingerprint"))
        return self._fingerprinter(command)

    def models(self, property_code: str) -> Models:
        """Build the read models of a property."""
        return Models(
            availability=Availability(RedisModel(self.redis, property_code, KEPT_AS)),
            revenue=Revenue(RedisModel(self.redis, property_code, REVENUE_KEPT_AS)),
            reservations=Reservations(PostgresModel(property_code, "reservations")),
            due=DueList(PostgresModel(property_code, "due")),
            guests=Guests(PostgresModel(property_code, "guests"), self.keys),
            groups=Groups(PostgresModel(property_code, "groups")),
            demand=Demand(PostgresModel(property_code, "demand")),
        )

    def streams(self, property_code: str) -> Streams:
        """Build the reader of a property's log."""
        return Streams(Log(property_code), self.pool, CATALOGUE)

    def dispatch(self, listed: Listed, availability: AvailabilityQuery | None) -> Dispatch:
        """Build a door to a property's ledger with a writer of its own."""
        log = Log(listed.code)
        return Dispatch(
            property_code=listed.code,
            time_zone=listed.time_zone,
            writer=Writer(log, self.pool, CATALOGUE, HANDLERS, BatchGauge(listed.code)),
            clock=self.clock,
            fingerprint=self._fingerprint,
            key_stock=self.key_stock,
            guest_key=partial(key_of_guest, self.streams(listed.code), self.keys),
            suggest=partial(_suggest, availability),
            hold_ttl_seconds=self.settings.hold_ttl_seconds,
        )

    def house(self, is_ready: Callable[[], Awaitable[dict[str, str]]]) -> House:
        """Build what the web works with."""
        settings = self.settings
        url = settings.redis_url or ""
        storage = RedisStorage(
            f"async+{_limits_url(url)}",
            implementation="redispy",
            connection_pool=redis_pool(url),  # type: ignore[arg-type]  # the library hands its options on; its hints leave this one out
        )
        return House(
            settings=WebSettings(
                site_url=settings.site_url,
                checkout_origin=settings.stripe_api_base or CHECKOUT_ORIGIN,
                holds_per_address=settings.holds_per_address,
                holds_per_email=settings.holds_per_email,
                hold_ttl_seconds=settings.hold_ttl_seconds,
                stripe_webhook_secret=settings.stripe_webhook_secret or "",
                sendgrid_webhook_public_key=settings.sendgrid_webhook_public_key or "",
                blind_secret=self.secret("blind index"),
                form_secret=self.secret("forms"),
            ),
            clock=self.clock,
            access=self.access,
            links=self.links,
            limits=Limits(MovingWindowRateLimiter(storage), settings.requests_per_minute),
            desk=self.desk,
            is_ready=is_ready,
        )

    def _build_desk(self, listed: Listed) -> Desk:
        code = listed.code
        streams = self.streams(code)
        hotel = HotelQuery(code, streams)
        models = self.models(code)
        availability = AvailabilityQuery(code, models.availability.model, hotel, streams)
        return Desk(
            listed=listed,
            dispatch=self.dispatch(listed, availability),
            streams=streams,
            hotel=hotel,
            availability=availability,
            reservations=ReservationQuery(models.reservations.model, self.pool, self.keys, streams),
            revenue=RevenueQuery(models.revenue.model, listed.currency),
            news=Newsroom(hotel, *(Pages(code, self.pool, CATALOGUE, nouns) for nouns in (FOR_EVERYBODY, FOR_STAFF))),
            groups=GroupQuery(models.groups.model, self.pool, self.keys),
            demand=DemandQuery(models.demand.model, self.pool, self.keys),
            proofs=Proofs(code, self.pool, self.settings.seal_seconds),
            progress=Progress(streams, self.positions(models)),
        )

    def positions(self, models: Models) -> dict[str, Position]:
        """Say how to ask each read model for the position of its live generation."""

        async def of_redis(model: RedisModel) -> int:
            return await model.position(await model.live())

        async def of_postgres(model: PostgresModel) -> int:
            async with self.pool.connection() as connection:
                return await model.position(connection, await model.live(connection))

        return {
            "availability": partial(of_redis, models.availability.model),
            "revenue": partial(of_redis, models.revenue.model),
            "reservations": partial(of_postgres, models.reservations.model),
            "due": partial(of_postgres, models.due.model),
            "guests": partial(of_postgres, models.guests.model),
            "groups": partial(of_postgres, models.groups.model),
            "demand": partial(of_postgres, models.demand.model),
        }


async def _suggest(availability: AvailabilityQuery | None, command: HoldStay) -> tuple[str, ...]:
    if availability is None:
        return ()
    try:
        async with asyncio.timeout(SUGGESTION_SECONDS):
            return await availability.suggest(command.room_type, StayDates(command.arrival, command.departure), command.rooms)
    except (psycopg.Error, PoolTimeout, Refusal, TimeoutError):
        # The writer is more patient with a database that is just coming back, and says no in its own words.
        return ()


@asynccontextmanager
async def wired(settings: Settings, *, connections: int = 8) -> AsyncIterator[Wiring]:
    """Open the pools, give the wiring, close them. Raises BadConfiguration without servers, or for a newer schema."""
    if not settings.database_url or not settings.redis_url:
        message = "DATABASE_URL and REDIS_URL are needed here: start `nightledger up`, or name your servers"
        raise BadConfiguration(message)
    pool = connect_postgres(settings.database_url, connections, prepares=settings.database_prepares)
    redis = connect_redis(settings.redis_url)
    try:
        await pool.open()
        await refuse_newer(pool)
        yield Wiring(settings, pool, redis, master_keys(settings))
    finally:
        await pool.close()
        await redis.aclose(close_connection_pool=True)


def open_keys(settings: Settings) -> GuestKeys:
    """Open the keys store alone, without any server. Raises BadConfiguration."""
    return GuestKeys(keys_path(settings), master_keys(settings))


def keys_path(settings: Settings) -> Path:
    """Give the file of the guests' keys. Raises BadConfiguration for a KEYS_URL that is not a file."""
    if settings.keys_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return settings.data_dir / "guest-keys.sqlite"
    parts = urlsplit(settings.keys_url)
    if parts.scheme not in {"sqlite", "file", ""}:
        message = f"KEYS_URL has the scheme {parts.scheme!r}: only sqlite:///path/to/file is known to this release"
        raise BadConfiguration(message)
    return Path(parts.path)


def _limits_url(url: str) -> str:
    """Put a Redis address into the form that the limits library knows; it writes sockets as redis+unix."""
    return url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
