"""Who waits, and what an offer and a farewell say, with the count of those who still wait."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates.waitlist import Waitlist
from tests.examples import HELD_UNTIL, SEALED, dates, named


def joined(name: str, waiting: int) -> Waitlist.Joined:
    return Waitlist.Joined(
        entry_id=named(name), room_type="villa", rate_plan="flexible", dates=dates(), adults=2, children=0, guest=SEALED,
        fiscal=None, language="en", joined_on=date(2126, 3, 1), waiting=waiting,
    )  # fmt: skip


def waiting(*names: str) -> Waitlist:
    known = Waitlist()
    for place, name in enumerate(names, 1):
        known.apply(joined(name, place))
    return known


@pytest.mark.parametrize("others", [(), ("b",), ("b", "c")])
def test_an_offer_says_until_when_and_how_many_still_wait(others: tuple[str, ...]) -> None:
    offered = Waitlist.Offered(entry_id=named("a"), room="v1", held_until=HELD_UNTIL, waiting=len(others))
    assert waiting("a", *others).offer(named("a"), "v1", HELD_UNTIL) == offered


@pytest.mark.parametrize("others", [(), ("b",), ("b", "c")])
def test_who_leaves_is_not_counted_any_more(others: tuple[str, ...]) -> None:
    left = Waitlist.Left(entry_id=named("a"), guest_id=SEALED.key_id, reason="past", waiting=len(others))
    assert waiting("a", *others).leave(named("a"), "past") == left


def test_those_who_are_left_wait_in_their_order() -> None:
    known = waiting("a", "b", "c")
    known.apply(known.offer(named("b"), "v1", HELD_UNTIL))
    assert list(known.entries) == [named("a"), named("c")]
    for gone in ("b", "nobody"):
        with pytest.raises(Waitlist.Unknown):
            known.offer(named(gone), "v1", HELD_UNTIL)


@pytest.mark.parametrize(("most", "full"), [(1, True), (2, True), (3, False)])
def test_a_list_is_full_at_its_limit(most: int, full: bool) -> None:
    known, entry = waiting("a", "b"), joined("c", 3)
    if full:
        with pytest.raises(Waitlist.Full, match=f"^{most} wait already"):
            known.join(entry, most)
    else:
        assert known.join(entry, most) == entry
