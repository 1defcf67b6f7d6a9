"""A read model in Redis: generations, positions, and the one function that writes rows and position together.

All keys of a property share the hash tag {property}. A generation is written beside the live one and switched to at once;
the one before stays until it is pruned, for readers who were just at it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

Write = tuple[str, str, *tuple[str | bytes, ...]]
"""A Redis command on one key: its name, the key, then its arguments, all absolute values."""
PACKED_ARGUMENTS = 3
"""Arguments of the script before the bytes that writes refer to."""
SCAN_KEYS = 1000

# Compares the position before writing, so a batch that was applied already, or by another follower, changes nothing.
# An argument that is a number stands for bytes, which the packing that scripts can read has no form for.
APPLY = """
local held = redis.call('GET', KEYS[1]) or '0'
if held ~= ARGV[1] then return 0 end
for _, write in ipairs(cmsgpack.unpack(ARGV[3])) do
    for place = 3, #write do
        if type(write[place]) == 'number' then write[place] = ARGV[write[place]] end
    end
    redis.call(write[1], KEYS[write[2]], unpack(write, 3))
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""

# A generation that is behind the live one would show readers a past that they have left.
SWITCH = """
local live = redis.call('GET', KEYS[1]) or '1'
local reached = tonumber(redis.call('GET', KEYS[2]) or '0')
if reached < tonumber(redis.call('GET', ARGV[2] .. ':' .. live .. ':position') or '0') then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""


class RedisModel:
    """One named model of one property."""

    def __init__(self, redis: Redis, property_code: str, name: str) -> None:
        self.redis = redis
        self.name = name
        self.root = f"{{{property_code}}}:{name}"
        self._apply = redis.register_script(APPLY)
        self._switch = redis.register_script(SWITCH)

    def key(self, generation: int, *parts: str) -> str:
        """Name a key of a generation."""
        return ":".join((self.root, str(generation), *parts))

    async def live(self) -> int:
        """Give the live generation; 1 when none was switched to yet."""
        return int(await self.redis.get(f"{self.root}:live") or 1)

    async def position(self, generation: int) -> int:
        """Give the position that a generation has reached; 0 when it is empty."""
        return int(await self.redis.get(self.key(generation, "position")) or 0)

    async def apply(self, generation: int, before: int, after: int, writes: Iterable[Write]) -> bool:
        """Write rows and position `after` when the generation stands at `before`; tell whether it did."""
        places = {self.key(generation, "position"): 1}
        raw: list[bytes] = []

        def shown(argument: str | bytes) -> str | int:
            if isinstance(argument, str):
                return argument
            raw.append(argument)
            return PACKED_ARGUMENTS + len(raw)

        numbered = [(verb, places.setdefault(key, len(places) + 1), *map(shown, arguments)) for verb, key, *arguments in writes]
        packed = msgspec.msgpack.encode(numbered)
        answer = cast("Awaitable[Any]", self._apply(keys=list(places), args=[str(before), str(after), packed, *raw]))
        return bool(await answer)

    async def switch(self, generation: int) -> bool:
        """Make a generation the live one, unless it is behind the live one; tell whether it is live now."""
        keys = [f"{self.root}:live", self.key(generation, "position")]
        answer = cast("Awaitable[Any]", self._switch(keys=keys, args=[str(generation), self.root]))
        return bool(await answer)

    async def prune(self) -> None:
        """Forget every generation but the live one, key by key."""
        live = await self.live()
        kept = (self.key(live, ""), f"{self.root}:live")
        async for keys in self._keys(f"{self.root}:*"):
            gone = [key for key in keys if not key.startswith(kept)]
            if gone:
                await self.redis.unlink(*gone)

    async def differences(self, one: int, other: int) -> list[str]:
        """List the keys, without their generation, that two generations hold otherwise; their positions may differ."""
        prefixes = [self.key(generation, "") for generation in (one, other)]
        found: set[str] = set()
        for prefix in prefixes:
            async for keys in self._keys(f"{prefix}*"):
                names = [key.removeprefix(prefix) for key in keys]
                first, second = [await self._values([each + name for name in names]) for each in prefixes]
                found.update(name for name, a, b in zip(names, first, second, strict=True) if a != b)
        return sorted(found - {"position"})

    async def _values(self, keys: Sequence[str]) -> list[Any]:
        """Read whatever the keys hold. Bits that were never set, and hashes without fields, are nothing."""
        kinds = self.redis.pipeline(transaction=False)
        for key in keys:
            kinds.type(key)
        reads = self.redis.pipeline(transaction=False)
        for key, kind in zip(keys, await kinds.execute(), strict=True):
            if kind in {b"hash", "hash"}:
                reads.hgetall(key)
            else:
                reads.get(key)
        return [value.rstrip(b"\0") if isinstance(value, bytes) else value or b"" for value in await reads.execute()]

    async def _keys(self, pattern: str) -> AsyncIterator[list[str]]:
        cursor = 0
        while True:
            cursor, found = await self.redis.scan(cursor, match=pattern, count=SCAN_KEYS)
            yield sorted({key.decode() for key in cast("list[bytes]", found)})
            if cursor == 0:
                return
