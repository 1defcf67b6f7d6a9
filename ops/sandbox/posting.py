"""Sends one webhook over HTTP and says how it was answered. Standard library only: nothing here is shared with clients."""

import asyncio
import http.client
from urllib.parse import urlsplit

ANSWER_SECONDS = 10


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send and give the status code; raises OSError or HTTPException when there was no answer."""
    return await asyncio.to_thread(_post, url, body, headers)


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
