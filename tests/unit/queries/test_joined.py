"""Questions of one moment share a reading; none is answered from a reading that began before it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from queries.joined import MOST_AT_ONCE, Joined


class Book:
    """A reading that takes as long as the test wants; answers with the page it is at, and the question."""

    def __init__(self) -> None:
        self.page = 0
        self.readings: list[list[str]] = []
        self.goes_on = asyncio.Event()
        self.torn = False

    async def read(self, asked: Sequence[str]) -> list[tuple[int, str]]:
        page = self.page
        self.readings.append(list(asked))
        await self.goes_on.wait()
        if self.torn:
            raise OSError("torn")
        return [(page, question) for question in asked]


async def _all_have_begun() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_asks_at_once_shares_a_reading() -> None:
    async def scene() -> None:
        book = Book()
        book.goes_on.set()
        joined = Joined(book.read)
        assert await asyncio.gather(*(joined.ask(question) for question in "abc")) == [(0, "a"), (0, "b"), (0, "c")]
        assert await joined.ask("d") == (0, "d")
        assert book.readings == [["a", "b", "c"], ["d"]]

    asyncio.run(scene())


def test_no_answer_is_older_than_its_question() -> None:
    async def scene() -> None:
        book = Book()
        joined = Joined(book.read)
        early = asyncio.create_task(joined.ask("early"))
        await _all_have_begun()
        book.page = 1
        late = asyncio.create_task(joined.ask("late"))
        await _all_have_begun()
        book.goes_on.set()
        assert (await early, await late) == ((0, "early"), (1, "late"))

    asyncio.run(scene())


def test_a_reading_has_a_bound() -> None:
    async def scene() -> None:
        book = Book()
        book.goes_on.set()
        joined = Joined(book.read)
        await asyncio.gather(*(joined.ask(str(number)) for number in range(MOST_AT_ONCE + 1)))
        assert [len(reading) for reading in book.readings] == [MOST_AT_ONCE, 1]

    asyncio.run(scene())


def test_a_failure_is_told_to_all_who_wait_and_the_next_try_again() -> None:
    async def scene() -> None:
        book = Book()
        joined = Joined(book.read)
        asked = [asyncio.create_task(joined.ask("first"))]
        await _all_have_begun()
        asked.append(asyncio.create_task(joined.ask("second")))
        await _all_have_begun()
        book.torn = True
        book.goes_on.set()
        for each in asked:
            with pytest.raises(OSError, match="torn"):
                await each
        book.torn = False
        assert await joined.ask("third") == (0, "third")
        assert book.readings == [["first"], ["third"]]

    asyncio.run(scene())


def test_who_leaves_takes_nobody_along() -> None:
    async def scene() -> None:
        book = Book()
        joined = Joined(book.read)
        leaves, stays = (asyncio.create_task(joined.ask(question)) for question in ("leaves", "stays"))
        await _all_have_begun()
        leaves.cancel()
        book.goes_on.set()
        assert await stays == (0, "stays")
        with pytest.raises(asyncio.CancelledError):
            await leaves

    asyncio.run(scene())
