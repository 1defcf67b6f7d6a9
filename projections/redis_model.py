"""A read model in Redis: generations, positions, and the one function that writes rows and position together.

All keys of a property share the hash tag {property}. A generation is written beside the live one and switched to at once.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from typing import Any, cast

from redis.asyncio import Redis

Write = tuple[str, ...]
"""A Redis command on one key: its name, the key, then its arguments, all absolute values."""

# Compares the position before writing, so a batch that was applied already, or by another follower, changes nothing.
APPLY = """
local held = redis.call('GET', KEYS[1]) or '0'
if held ~= ARGV[1] then return held end
for _, write in ipairs(cjson.decode(ARGV[3])) do
    redis.call(write[1], KEYS[tonumber(write[2])], unpack(write, 3))
end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]
"""


class RedisModel:
    """One named model of one property. `generation` 0 stands for whichever is live."""

    def __init__(self, redis: Redis, property_code: str, name: str) -> None:
        self.redis = redis
        self.name = name
        self.root = f"{{{property_code}}}:{name}"
        self._apply = redis.register_script(APPLY)

    def key(self, generation: int, *parts: str) -> str:
        """Name a key of a generation."""
        return ":".join((self.root, str(generation), *parts))

    async def live(self) -> int:
        """Give the live generation; 1 when none was switched to yet."""
        return int(await self.redis.get(f"{self.root}:live") or 1)

    async def position(self, generation: int) -> int:
        """Give the position that a generation has reached; 0 when it is empty."""
        return int(await self.redis.get(self.key(generation, "position")) or 0)

    async def apply(self, generation: int, before: int, after: int, writes: Sequence[Write]) -> bool:
        """Write rows and position `after` when the generation stands at `before`; tell whether it did."""
        keys = [self.key(generation, "position")]
        places: dict[str, str] = {}
        for _, key, *_ in writes:
            if key not in places:
                keys.append(key)
                places[key] = str(len(keys))
        numbered = json.dumps([[verb, places[key], *arguments] for verb, key, *arguments in writes])
        answer = cast("Awaitable[Any]", self._apply(keys=keys, args=[str(before), str(after), numbered]))
        return int(await answer) == after

    async def switch(self, generation: int) -> None:
        """Make a generation the live one."""
        await self.redis.set(f"{self.root}:live", generation)

    async def drop(self, generation: int) -> None:
        """Forget a generation, key by key."""
        async for key in self.redis.scan_iter(match=self.key(generation, "*"), count=1000):
            await self.redis.unlink(key)

    async def contents(self, generation: int) -> dict[str, Any]:
        """Give everything that a generation holds, by key without the generation, for comparing two of them."""
        found: dict[str, Any] = {}
        prefix = self.key(generation, "")
        async for raw in self.redis.scan_iter(match=f"{prefix}*", count=1000):
            key = raw.decode()
            kind = await self.redis.type(key)
            value = (
                await cast("Awaitable[Any]", self.redis.hgetall(key))
                if kind in {b"hash", "hash"}
                else await self.redis.get(key)
            )
            if isinstance(value, bytes) and kind not in {b"hash", "hash"}:
                value = value.rstrip(b"\0")
            if value:
                found[key.removeprefix(prefix)] = value
        return found
