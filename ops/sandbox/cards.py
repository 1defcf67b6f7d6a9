"""The test cards: what each number does now, later without the guest, and when its payment is refunded.

Source: docs.stripe.com/testing. One deviation: 4000…0341 is accepted while the guest is present and declined later, so
that a failing balance payment can be tried. Any other number is declined, so no real card is ever kept.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TestCard:
    """One number of Stripe's test cards; decline codes are those of the real API, empty means accepted."""

    __test__ = False

    number: str
    decline: str = ""
    later_decline: str = ""
    authenticate: bool = False
    """Whether the guest must authenticate each payment made while present."""
    later_free: bool = False
    """Whether payments without the guest need no authentication once the card was set up."""
    refund: str = "succeed"

    @property
    def brand(self) -> str:
        """Name the network."""
        return "mastercard" if self.number.startswith("5") else "visa"

    @property
    def last4(self) -> str:
        """Give the last four digits."""
        return self.number[-4:]


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242"),
        TestCard("5555555555554444"),
        TestCard("4000002500003155", authenticate=True, later_free=True),
        TestCard("4000000000003220", authenticate=True),
        TestCard("4000000000000002", decline="generic_decline", later_decline="generic_decline"),
        TestCard("4000000000009995", decline="insufficient_funds", later_decline="insufficient_funds"),
        TestCard("4000000000000069", decline="expired_card", later_decline="expired_card"),
        TestCard("4000000000000127", decline="incorrect_cvc", later_decline="incorrect_cvc"),
        TestCard("4000000000000119", decline="processing_error", later_decline="processing_error"),
        TestCard("4000000000000341", later_decline="generic_decline"),
        TestCard("4000000000007726", refund="pending"),
        TestCard("4000000000005126", refund="fail"),
    )
}

NAMED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000000000003220",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}

MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "test_mode_live_card": "Your card was declined. Your request was in test mode, but used a non test card.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}
OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error", "authentication_required"}


def card_of(number: str) -> TestCard:
    """Give the behaviour of a number; one that is no test card is declined and not kept."""
    digits = number.replace(" ", "")
    return CARDS.get(digits) or TestCard("0" * 12 + digits[-4:], decline="test_mode_live_card")


def passes_luhn(number: str) -> bool:
    """Tell whether the digits carry a valid check digit."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
