"""Every guest page up to the booking as eyes, thumbs and screen readers meet it."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Invite
from tests.browser.looks import PHONE, Sight
from tests.browser.visitor import DECLINED, PLAIN, WITH_3DS, Visitor


def declined(visitor: Visitor) -> None:
    """Come back from a card that was declined."""
    visitor.holds().pays(DECLINED).sees("Your card was declined.")
    visitor.goes_back().reloads_until("Your bank declined the card")


def not_authenticated(visitor: Visitor) -> None:
    """Come back from a bank that did not believe it."""
    visitor.holds().pays(WITH_3DS).authenticates(passes=False).sees("unable to authenticate")
    visitor.goes_back().reloads_until("Your bank could not confirm it was you")


def wrong_details(visitor: Visitor) -> None:
    """Send the form half empty."""
    visitor.searches().chooses()
    visitor.page.get_by_label("E-mail").fill("ada at example")
    visitor.presses("Hold my room").sees("Please tell us your name")


SIGHTS = (
    Sight("home", lambda visitor: visitor.opens()),
    Sight("rooms", lambda visitor: visitor.searches()),
    Sight("rooms-wrong", lambda visitor: visitor.opens("/rooms?arrival=2020-01-01&departure=2020-01-01&adults=0"), (422,)),
    Sight("details", lambda visitor: visitor.searches().chooses()),
    Sight("details-wrong", wrong_details, (422,)),
    Sight("abandoned", lambda visitor: visitor.holds().goes_back()),
    Sight("declined", declined),
    Sight("not-authenticated", not_authenticated),
    Sight("confirmation", lambda visitor: visitor.books()),
    Sight("cancel", lambda visitor: visitor.books().follows("Cancel this stay")),
    Sight(
        "cancelled", lambda visitor: visitor.books(PLAIN).follows("Cancel this stay").presses("Cancel it").reads("This stay is")
    ),
    Sight("held", lambda visitor: visitor.page.goto(visitor.asks_elsewhere()["manage_url"])),
    Sight("given-back", lambda visitor: visitor.page.goto(visitor.asks_elsewhere(gives_back=True)["manage_url"])),
    Sight("too-late-to-pay", lambda visitor: visitor.page.goto(visitor.asks_elsewhere(gives_back=True)["checkout_url"])),
    Sight("not-found", lambda visitor: visitor.opens("/nowhere"), (404,)),
    Sight("price-gone", lambda visitor: visitor.opens("/book?quote_id=x"), (410,)),
    Sight("not-let-in", lambda visitor: visitor.opens("/booking/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"), (401,)),
    Sight("checkout", lambda visitor: visitor.holds()),
    Sight("bank", lambda visitor: visitor.holds().pays(WITH_3DS).reads("Is this you?")),
)


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: str(sight.name))
def test_a_page(sight: Sight, invite: Invite) -> None:
    sight.seen_by(invite(width=PHONE, height=844))
