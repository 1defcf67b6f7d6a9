"""The signed links that guests get: to pay, to manage a booking, and quotes. Nothing is stored for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

QUOTE_SECONDS = 1800
"""How long a quote that was shown may be taken up."""


class Links:
    """Makes and reads tokens for one installation."""

    def __init__(self, secret: bytes, site_url: str) -> None:
        self.site_url = site_url
        self._pay = URLSafeSerializer(secret, salt="pay")
        self._manage = URLSafeSerializer(secret, salt="manage")
        self._quote = URLSafeSerializer(secret, salt="quote")

    def pay_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address where a held reservation is paid."""
        return f"{self.site_url}/pay/{self._pay.dumps([property_code, reservation_id.hex])}"

    def pay_token(self, property_code: str, reservation_id: UUID) -> str:
        """Give the token of that address."""
        return str(self._pay.dumps([property_code, reservation_id.hex]))

    def manage_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address that lets its holder see and change a reservation."""
        return f"{self.site_url}/manage/{self.manage_token(property_code, reservation_id)}"

    def manage_token(self, property_code: str, reservation_id: UUID) -> str:
        """Give the token of that address."""
        return str(self._manage.dumps([property_code, reservation_id.hex]))

    def read_pay(self, token: str) -> tuple[str, UUID] | None:
        """Read a payment token: (property, reservation), or nothing when it is not ours."""
        return _subject(self._pay, token)

    def read_manage(self, token: str) -> tuple[str, UUID] | None:
        """Read a manage token: (property, reservation), or nothing when it is not ours."""
        return _subject(self._manage, token)

    def quote(self, inputs: Mapping[str, Any], now: datetime) -> str:
        """Sign what was quoted at `now`: inputs and total."""
        return str(self._quote.dumps({**inputs, "quoted_at": int(now.timestamp())}))

    def read_quote(self, token: str, now: datetime) -> dict[str, Any] | None:
        """Read a quote that is not too old at `now`, by the product's clock, or nothing."""
        try:
            inputs: dict[str, Any] = self._quote.loads(token)
        except BadSignature:
            return None
        age = int(now.timestamp()) - int(inputs.pop("quoted_at"))
        return inputs if age <= QUOTE_SECONDS else None


def _subject(serializer: URLSafeSerializer, token: str) -> tuple[str, UUID] | None:
    try:
        property_code, reservation_id = serializer.loads(token)
        return property_code, UUID(hex=reservation_id)
    except (BadSignature, ValueError, TypeError):
        return None
