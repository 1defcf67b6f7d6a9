"""The auditor's own reading of a hotel's restrictions: date by date, row by row, nothing compiled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class SellingRule:
    """What is not sold from `first` to `last`, both included. `what` names the rule, `nights` is its number if it has one."""

    what: str
    first: date
    last: date
    nights: int = 0
    kind: str = ""
    plan: str = ""

    def forbids(self, dates: list[date], departure: date) -> bool:
        """Tell whether a stay of these nights breaks the rule."""
        inside = [day for day in dates if self.first <= day <= self.last]
        arrives, count = dates[0] in inside, len(dates)
        match self.what:
            case "stop_sell":
                return bool(inside)
            case "closed_to_arrival":
                return arrives
            case "closed_to_departure":
                return self.first <= departure <= self.last
            case "min_stay":
                return arrives and count < self.nights
            case "max_stay":
                return arrives and count > self.nights
            case _:
                return bool(inside) and count < self.nights


IN_TURN = ("stop_sell", "closed_to_arrival", "closed_to_departure", "min_stay", "max_stay", "min_stay_through")
"""A stay that breaks several rules is refused for the first of these."""


def refused_by(rules: Iterable[SellingRule], kind: str, plan: str, dates: list[date], departure: date) -> str:
    """Give the code of the refusal, or nothing when the stay is sold."""
    meant = [rule for rule in rules if rule.kind in {"", kind} and rule.plan in {"", plan}]
    broken = {rule.what for rule in meant if rule.forbids(dates, departure)}
    return next((f"restriction.{what}" for what in IN_TURN if what in broken), "")
