"""The signed links that guests get: to pay, to manage a booking, and quotes. Nothing is stored for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct
from msgspec.structs import asdict

from web.tokens import VERSION, Tokens

QUOTE_SECONDS = 1800
"""How long a quote that was shown may be taken up."""


class Subject(Struct, frozen=True, array_like=True):
    """What a link is about: the property, and the 16 bytes of the reservation's id."""

    property_code: str
    reservation: bytes


class Quote(Struct, frozen=True, kw_only=True, array_like=True):
    """What was offered: the search, and the total of all rooms in minor units. `quoted_at`: seconds since 1970."""

    property: str
    room_type: str
    rate_plan: str
    arrival: str
    departure: str
    adults: int
    children: int
    rooms: int
    total: int
    currency: str
    quoted_at: int


class Links:
    """Makes and reads tokens for one installation."""

    def __init__(self, secret: bytes, site_url: str) -> None:
        self.site_url = site_url
        self._pay = SubjectTokens(secret, "pay")
        self._manage = SubjectTokens(secret, "manage")
        self._quote = Tokens(secret, "quote")

    def pay_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address where a held reservation is paid."""
        return f"{self.site_url}/pay/{self.pay_token(property_code, reservation_id)}"

    def pay_token(self, property_code: str, reservation_id: UUID) -> str:
        """Give the token of that address."""
        return self._pay.of(property_code, reservation_id)

    def manage_url(self, property_code: str, reservation_id: UUID) -> str:
        """Give the address that lets its holder see and change a reservation."""
        return f"{self.site_url}/manage/{self.manage_token(property_code, reservation_id)}"

    def manage_token(self, property_code: str, reservation_id: UUID) -> str:
        """Give the token of that address."""
        return self._manage.of(property_code, reservation_id)

    def read_pay(self, token: str) -> tuple[str, UUID] | None:
        """Read a payment token: (property, reservation), or nothing when it is not ours."""
        return self._pay.subject(token)

    def read_manage(self, token: str) -> tuple[str, UUID] | None:
        """Read a manage token: (property, reservation), or nothing when it is not ours."""
        return self._manage.subject(token)

    def quote(self, quote: Quote) -> str:
        """Sign what was quoted."""
        return self._quote.write(quote)

    def read_quote(self, token: str, now: datetime) -> dict[str, Any] | None:
        """Read a quote that is not too old at `now`, by the product's clock, or nothing."""
        quote = self._quote.read(token, Quote)
        if quote is None or int(now.timestamp()) - quote.quoted_at > QUOTE_SECONDS:
            return None
        inputs = asdict(quote)
        del inputs["quoted_at"]
        return inputs


class SubjectTokens:
    """Tokens of reservations, for one purpose. Those of the first version, which are in mails, are still read."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._tokens = Tokens(secret, purpose)
        self._first_version = URLSafeSerializer(secret, salt=purpose)

    def of(self, property_code: str, reservation_id: UUID) -> str:
        """Give the token of a reservation."""
        return self._tokens.write(Subject(property_code, reservation_id.bytes))

    def subject(self, token: str) -> tuple[str, UUID] | None:
        """Give property and reservation of a token, or nothing when it is not ours."""
        if token.startswith(VERSION):
            found = self._tokens.read(token, Subject)
            return (found.property_code, UUID(bytes=found.reservation)) if found else None
        try:
            property_code, reservation_id = self._first_version.loads(token)
            return property_code, UUID(hex=reservation_id)
        except (BadSignature, ValueError, TypeError):
            return None
