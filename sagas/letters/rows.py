"""The small table of a letter: label and value, the same rows in the HTML and in the text."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.money import Money
from sagas.letters.letter import Letter
from sagas.letters.wording import day, moment, money


def rows(kind: str, letter: Letter) -> list[tuple[str, str]]:
    """List what a letter of a kind states, in order."""
    code = ("Reference" if kind == "expired" else "Confirmation", letter.confirmation_code)
    return [code, *_when(letter), *_money(kind, letter), *_deadline(kind, letter)]


def _when(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "Arrival", f"{day(letter.arrival)}, from {letter.check_in_time}"
    yield "Departure", f"{day(letter.departure)}, until {letter.check_out_time}"


def _money(kind: str, letter: Letter) -> Iterator[tuple[str, str]]:
    nothing = Money(0, letter.total.currency)
    match kind:
        case "held" | "offered":
            yield "Total, taxes and charges included", money(letter.total)
            yield "To pay now", money(letter.pay_now)
        case "confirmed" | "received" | "changed":
            yield "Total, taxes and charges included", money(letter.total)
            yield "Paid", money(letter.paid)
            yield "Left to pay", money(letter.balance)
        case "cancelled":
            yield "Cancellation fee", money(letter.fee or nothing)
            yield "Refund", money(letter.refund or nothing)
        case "refunded" if letter.refund:
            yield "Refund", money(letter.refund)


def _deadline(kind: str, letter: Letter) -> Iterator[tuple[str, str]]:
    if kind in {"held", "offered"} and letter.held_until:
        yield "Held until", moment(letter.held_until, letter.time_zone)
    if kind in {"held", "offered", "confirmed", "received", "changed"}:
        free = moment(letter.free_until, letter.time_zone) if letter.free_until else "Not possible at this rate"
        yield "Free cancellation until" if letter.free_until else "Free cancellation", free
