"""The log folded from nothing, and what a writer has kept folded, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ledger.catalogue import Aggregate
from ledger.log import Row
from tests.reception import CATALOGUE, Reception

State = tuple[int, dict[str, Any]]
"""Version of a stream and everything its aggregate knows."""


def fold(rows: Iterable[Row]) -> dict[UUID, tuple[int, Aggregate]]:
    """Fold a log into (version, aggregate) by stream, without the writer's code."""
    folds: dict[UUID, tuple[int, Aggregate]] = {}
    for row in rows:
        version, aggregate = folds.get(row.stream) or (0, CATALOGUE.aggregate_of(row.topic)())
        aggregate.apply(CATALOGUE.decode(row.topic, row.payload))
        folds[row.stream] = (version + 1, aggregate)
    return folds


def replayed(rows: Iterable[Row]) -> dict[UUID, State]:
    """Give the state of every stream of a log."""
    return {stream: (version, _known(aggregate)) for stream, (version, aggregate) in fold(rows).items()}


def live(reception: Reception) -> dict[UUID, State]:
    """Give the state of every stream that a writer keeps and to which something happened."""
    kept = reception.writer._folded.streams
    return {
        UUID(int=number): (folded.version, _known(folded.aggregate))
        for number, folded in kept.items()
        if folded.aggregate is not None
    }


def _known(aggregate: Aggregate) -> dict[str, Any]:
    """Give what an aggregate knows, without what it keeps to itself for speed."""
    return {name: value for name, value in vars(aggregate).items() if not name.startswith("_")}
