"""The one product clock. Only this file reads the time of the machine; everything else is handed a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo


class Clock:
    """Tells UTC moments, `offset_seconds` ahead of the machine plus what `offset_file` says.

    The file is how the local vendor sandbox moves its own clock and the product's together; with live vendors there is none.
    """

    def __init__(self, offset_seconds: int = 0, offset_file: Path | None = None) -> None:
        self._offset_seconds = offset_seconds
        self._offset_file = offset_file

    def now(self) -> datetime:
        """Give the present moment, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_seconds + self._from_file())

    def _from_file(self) -> int:
        if self._offset_file is None:
            return 0
        try:
            return int(self._offset_file.read_text() or 0)
        except FileNotFoundError:
            return 0


def local_date(moment: datetime, time_zone: str) -> date:
    """Give the calendar date at the property for a UTC `moment`."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
