"""The pure parts of the read models, folded along with a log: what pages and reports would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from ledger.event import Recorded
from ledger.log import Row
from projections.reservation_document import ReservationDocument, fold
from projections.revenue import Changes, Sales, sell
from tests.reception import CATALOGUE


class ReadModels:
    """Follows a log from its beginning."""

    def __init__(self) -> None:
        self.position = 0
        self.documents: dict[UUID, ReservationDocument] = {}
        self._sales: dict[str, Sales] = {}
        self._cells: Changes = {}

    def follow(self, rows: Sequence[Row]) -> None:
        """Take over what has happened since."""
        for row in rows[self.position :]:
            recorded = Recorded(
                position=row.position, stream=row.stream, version=row.version,
                event=CATALOGUE.decode(row.topic, row.payload), occurred_at=row.occurred_at, recorded_at=row.recorded_at,
                command_id=row.command_id, actor=row.actor,
            )  # fmt: skip
            sell(self._sales, self._cells, recorded)
            fold(self.documents, recorded)
        self.position = len(rows)

    @property
    def sold(self) -> Counter[tuple[str, str, str]]:
        """Count the room-nights on the books by stay date, room type and rate plan."""
        counted: Counter[tuple[str, str, str]] = Counter()
        for night, fields in self._cells.items():
            for field, (nights, _, _) in fields.items():
                kind, plan, *_ = field.split("|")
                counted[night, kind, plan] += nights
        return Counter({key: nights for key, nights in counted.items() if nights})

    @property
    def sum_minor(self) -> int:
        """Sum what the stays on the books cost, in minor units."""
        return sum(whole for fields in self._cells.values() for _, _, whole in fields.values())
