"""How many requests an address may make. Counted in Redis by a kept library; a missing Redis never stops a booking."""

from __future__ import annotations

import logging

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter

from ledger.refusal import Refusal

logger = logging.getLogger(__name__)


RETRY_SECONDS = 20
"""The window moves, so some of the allowance is back after a part of the minute."""


class TooMany(Refusal):
    """An address asks too often."""

    code = "too_many_requests"


class Limits:
    """Requests per minute and address; 0 means no limit."""

    def __init__(self, limiter: MovingWindowRateLimiter, per_minute: int) -> None:
        self._limiter = limiter
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None

    async def check(self, address: str) -> None:
        """Count a request. Raises TooMany when it may not pass."""
        wait = await self.wait_seconds(address)
        if wait:
            raise TooMany(f"Too many requests from your address: try again in {wait} s.", retry_after=wait)

    async def wait_seconds(self, address: str) -> int:
        """Count a request; give 0 when it may pass, else the seconds until the next may."""
        if self._item is None:
            return 0
        try:
            return 0 if await self._limiter.hit(self._item, address) else RETRY_SECONDS
        except Exception as gone:  # noqa: BLE001 - whatever the store's client raises, guests must still be served
            logger.warning("requests are not limited, the counter does not answer: %s", type(gone).__name__)
            return 0
