"""The sagas of one property, built with their gateways: rule by name."""

from __future__ import annotations

from uuid import UUID

from ops.settings import BadConfiguration
from ops.wiring import Wiring
from queries.access import Listed
from queries.hotel import HotelQuery
from queries.reservations import ReservationQuery
from sagas import expiring_holds, forgetting, mailing, offering_waitlist, paying, releasing_blocks, telling_guest
from sagas.gateways.sendgrid_mail import SendGridMail
from sagas.gateways.stripe_checkout import StripeCheckout


class Sagas:
    """Takes steps for one property."""

    def __init__(self, wiring: Wiring, listed: Listed) -> None:
        settings = wiring.settings
        if not settings.stripe_api_key or not settings.sendgrid_api_key:
            message = "STRIPE_API_KEY and SENDGRID_API_KEY are needed to work: set them, or start `nightledger up`"
            raise BadConfiguration(message)
        code = listed.code
        self._property_code = code
        self._streams = wiring.streams(code)
        self._dispatch = wiring.dispatch(listed, None)
        reservations = ReservationQuery(wiring.models(code).reservations.model, wiring.pool, wiring.keys, self._streams)
        stripe = StripeCheckout(settings.stripe_api_key, settings.stripe_api_base)
        mail = SendGridMail(settings.sendgrid_api_key, settings.sendgrid_host)
        self._paying = paying.PayingSaga(code, self._dispatch, self._streams, stripe, wiring.links.pay_url)
        self._mailing = mailing.MailingSaga(
            code, self._dispatch, self._streams, reservations, HotelQuery(code, self._streams), mail, wiring.links
        )
        self._forgetting = forgetting.ForgettingSaga(
            self._dispatch, self._streams, wiring.keys, stripe, mail, settings.fiscal_years
        )

    async def advance(self, rule: str, subject: UUID, tries: int) -> int | None:
        """Take the step of a rule; give the seconds after which to look again, or nothing when events settle it."""
        match rule:
            case expiring_holds.RULE:
                return await expiring_holds.advance(self._dispatch, self._streams, subject, tries)
            case releasing_blocks.RULE:
                return await releasing_blocks.advance(self._dispatch, self._streams, subject, tries)
            case offering_waitlist.RULE:
                return await offering_waitlist.advance(self._dispatch, self._streams, self._property_code)
            case paying.RULE:
                return await self._paying.advance(subject, tries)
            case telling_guest.RULE:
                await telling_guest.advance(self._dispatch, self._streams, subject)
            case mailing.RULE:
                await self._mailing.advance(subject)
            case forgetting.RULE:
                return await self._forgetting.advance(subject, tries)
            case _:
                message = f"there is no rule {rule!r}: this row was written by another release"
                raise LookupError(message)
        return None
