"""The least Python that speaks HTTP/1.1 over kept connections: the load must not cost more than what it measures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Wire:
    """Requests to one origin; a connection for each that is under way."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._host, self._port = parts.hostname or "localhost", parts.port or 80
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, body: object, headers: str = "") -> Answer:
        """``headers`` is lines that end in CRLF."""
        return await self._request("POST", path, orjson.dumps(body), headers)

    async def put(self, path: str, body: object, headers: str = "") -> Answer:
        return await self._request("PUT", path, orjson.dumps(body), headers)

    async def get(self, path: str, headers: str = "") -> Answer:
        return await self._request("GET", path, b"", headers)

    async def _request(self, method: str, path: str, body: bytes, headers: str) -> Answer:
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/json\r\n{headers}\r\n"
        )
        writer.write(head.encode() + body)
        status, _, fields = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        length = _length(fields)
        content = await reader.readexactly(length) if length else b""
        self._idle.append((reader, writer))
        return Answer(int(status.split()[1]), content)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port)

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


def _length(fields: bytes) -> int:
    for line in fields.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length")
