"""Makes read models again from the log: a new generation beside the live one, compared, then switched to.

Nothing is sent to anybody while it runs. Killed anywhere, the unfinished generation is dropped by the next run. The
generation before stays, for readers who were just at it, until the next run or until it is pruned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ledger.refusal import Unavailable
from ops.catalogue import CATALOGUE
from ops.collecting import without_collecting
from ops.read_models import NAMES, ReadModel, read_models
from ops.settings import BadConfiguration
from ops.wiring import Wiring
from queries.pages import Page, Pages

PAGE_EVENTS = 10_000
CLOSE_TRIES = 20
"""How often a moving log is caught up with before a comparison is taken, or a switch refused, as it stands."""
Report = Callable[[str, int, int], None]
"""Told (model, events done, events in all)."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of one model. `differences` are keys or rows that the live generation had otherwise."""

    name: str
    events: int
    differences: list[str]
    switched: bool


async def rebuild(wiring: Wiring, property_code: str, name: str, report: Report, *, dry_run: bool = False) -> Rebuilt:
    """Rebuild one model; a dry run compares only. Raises BadConfiguration for an unknown name, Unavailable, Unreadable."""
    model = model_named(wiring, property_code, name)
    await model.prune()
    live = await model.live()
    new = Filling(model, Pages(property_code, wiring.pool, CATALOGUE, model.nouns), live + 1, report)
    with without_collecting():
        await new.catch_up()
    differences = await _compare(model, new, live)
    switched = not dry_run and await _switch(model, new)
    if not switched:
        await model.prune()
    return Rebuilt(name, new.position, differences, switched=switched)


def model_named(wiring: Wiring, property_code: str, name: str) -> ReadModel:
    """Give the read model of that name. Raises BadConfiguration."""
    if name not in NAMES:
        message = f"there is no read model {name!r}: choose from {', '.join(NAMES)}"
        raise BadConfiguration(message)
    return next(model for model in read_models(wiring, property_code) if model.name == name)


class Filling:
    """A new generation that is being filled from the log. While one page is written, the next one is read."""

    def __init__(self, model: ReadModel, pages: Pages, generation: int, report: Report) -> None:
        self.generation = generation
        self.position = 0
        self._model = model
        self._pages = pages
        self._report = report

    async def catch_up(self) -> None:
        """Fill up to the present head. Raises Unavailable when another rebuild interferes, Unreadable."""
        head = await self._pages.head()
        if self.position == head:
            return
        reading = self._read(self.position, head)
        try:
            while self.position < head:
                page = await reading
                if page.upto < head:
                    reading = self._read(page.upto, head)
                await self._write(page)
                self._report(self._model.name, self.position, head)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([reading])

    def _read(self, position: int, head: int) -> asyncio.Task[Page]:
        return asyncio.create_task(self._pages.after(position, PAGE_EVENTS, head))

    async def _write(self, page: Page) -> None:
        if not await self._model.apply(self.position, page, self.generation):
            message = f"another rebuild of {self._model.name} is running: wait for it, then start again"
            raise Unavailable(message)
        self.position = page.upto


async def _compare(model: ReadModel, new: Filling, live: int) -> list[str]:
    """List what the generations hold otherwise when both stand at the same position, or last of all when they did not."""
    differences: list[str] = []
    for _ in range(CLOSE_TRIES):
        at = await model.position(live)
        differences = await model.differences(live, new.generation)
        if not differences or at == new.position == await model.position(live):
            break
        await new.catch_up()
    return differences


async def _switch(model: ReadModel, new: Filling) -> bool:
    """Switch as soon as the new generation is not behind the live one, which moves on meanwhile."""
    for _ in range(CLOSE_TRIES):
        await new.catch_up()
        if await model.switch(new.generation):
            return True
    return False
