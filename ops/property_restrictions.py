"""`[[restrictions]]` of a property file: what they must be, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ledger.restrictions import Restriction
from ledger.stay_dates import LONGEST_LEAD_DAYS, LONGEST_STAY_NIGHTS
from ops.property_filled import Filled, Placed
from ops.property_form import WEEKDAYS, RestrictionForm

LONGEST_DAYS = 2 * (LONGEST_LEAD_DAYS + LONGEST_STAY_NIGHTS)
"""Longer ones are no seasons any more: some eight years."""


def restrictions_of(filled: Filled) -> tuple[Restriction, ...]:
    """Give the restrictions as the tariff keeps them."""
    return tuple(
        Restriction(**placed.form.model_dump(exclude={"weekdays"}), weekdays=tuple(map(WEEKDAYS.index, placed.form.weekdays)))
        for placed in filled.restrictions
    )


def restrictions_make_sense(filled: Filled) -> Iterator[str]:
    """Say of each restriction what is wrong with it, a line each."""
    for placed in filled.restrictions:
        yield from _dates(placed)
        yield from _rules(placed)
        yield from _names(filled, placed)


def _dates(placed: Placed[RestrictionForm]) -> Iterator[str]:
    form, where = placed.form, placed.where
    if form.last < form.first:
        yield f"{where}.last is {form.last}, but must not be before first, {form.first}: change one of them."
    elif form.last - form.first > timedelta(days=LONGEST_DAYS):
        yield f"{where}.last is {form.last}, but a restriction lasts {LONGEST_DAYS:,} days at most: choose an earlier day."


def _rules(placed: Placed[RestrictionForm]) -> Iterator[str]:
    form, where = placed.form, placed.where
    lengths = (form.min_nights, form.max_nights, form.min_nights_through)
    if not any((form.stop_sell, form.closed_to_arrival, form.closed_to_departure, *lengths)):
        yield f"{where} restricts nothing: add stop_sell = true, or another rule, or remove it."
    if 0 < form.max_nights < max(form.min_nights, form.min_nights_through):
        yield f"{where}.max_nights is {form.max_nights}, but must not be less than the shortest stay: raise it."


def _names(filled: Filled, placed: Placed[RestrictionForm]) -> Iterator[str]:
    known = {"room_type": filled.named("room_types", "code"), "rate_plan": filled.keys("rate_plans")}
    for field, codes in known.items():
        code = getattr(placed.form, field)
        if code and code not in codes:
            choices = ", ".join(sorted(codes)) or "(none yet)"
            yield f'{placed.where}.{field} is "{code}", but must be one of {choices}: choose one, or leave it out for all.'
