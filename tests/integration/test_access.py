"""API keys: a good one is believed for some seconds, a bad one never, and a revoked one not for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

import pytest

from ops.api_keys import create_key, revoke_key
from ops.bench.site import site
from ops.embedded import EmbeddedServerError
from ops.settings import Settings
from ops.wiring import wired
from queries import access
from queries.access import Access


def test_a_good_key_is_believed_for_a_moment(monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], NoReturn]) -> None:
    async def scene(settings: Settings) -> None:
        async with wired(settings) as wiring:
            key_id, key = await create_key(wiring, None, ("events:read",), "")
            other = key[:-1] + ("A" if key[-1] != "A" else "B")
            found = await wiring.access.caller(key)
            assert found is not None
            assert found.key_id == key_id
            assert await wiring.access.caller(other) is None
            assert await revoke_key(wiring, key_id)
            assert await wiring.access.caller(key) == found
            assert await wiring.access.caller(other) is None
            assert await Access(wiring.pool).caller(key) is None
            monkeypatch.setattr(access, "KEEP_SECONDS", 0)
            assert await wiring.access.caller(key) is None

    try:
        with site(Settings()) as servers:
            asyncio.run(scene(servers.settings))
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")
