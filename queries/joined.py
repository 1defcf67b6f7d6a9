"""Joins questions that are asked at the same time into one reading: while one is under way, the next one fills.

There is no timer, so a lone question is not delayed; and no answer is older than its question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
MOST_AT_ONCE = 64


class Joined(Generic[Question, Answer]):
    """Asks `read` for many at once; it gives the answers in the order of the questions."""

    def __init__(self, read: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._read = read
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """Give the answer of a reading that begins after this question. Raises what the reading raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="joined questions")
        return await answer

    async def _drain(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                answers = await self._read([question for question, _ in asked])
                for (_, waiting), answer in zip(asked, answers, strict=True):
                    if not waiting.done():
                        waiting.set_result(answer)
            except Exception as failure:  # noqa: BLE001 - each who asked gets it
                # Those who came meanwhile would wait as long again to be told the same.
                self._fail([*asked, *self._waiting], failure)
                self._waiting = []

    def _fail(self, asked: Sequence[tuple[Question, asyncio.Future[Answer]]], failure: Exception) -> None:
        for _, waiting in asked:
            if not waiting.done():
                waiting.set_exception(failure)
