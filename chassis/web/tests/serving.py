"""Apps served over real HTTP in this process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI


def listening() -> socket.socket:
    """A socket that already takes connections, so that nobody has to wait for its server to start."""
    taker = socket.socket()
    taker.bind(("127.0.0.1", 0))
    taker.listen()
    return taker


def address(taker: socket.socket) -> str:
    return f"http://127.0.0.1:{taker.getsockname()[1]}"


@contextlib.asynccontextmanager
async def served(app: FastAPI, taker: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    # Pytest keeps its own signal handling.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve(sockets=[taker]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        taker.close()
