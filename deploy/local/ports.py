"""Who holds a TCP port of this machine, and the sentence for when it is not us."""

from __future__ import annotations

import random
import socket
from contextlib import closing

import psutil

from deploy.local.failures import CannotStart
from deploy.local.processes import wait_until


def is_free(port: int) -> bool:
    """Can a server listen on 127.0.0.1:``port`` now?"""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int = 1) -> int:
    """The first of ``count`` consecutive ports that nobody holds at this moment.

    Below 18,000: the system hands out ports from 32,768 on to any client that connects to something.
    """
    while True:
        first = random.randrange(12_000, 18_000 - count)  # noqa: S311  chance, not secrecy
        if all(is_free(port) for port in range(first, first + count)):
            return first


def holder(port: int) -> str:
    """The process that listens on the port, as far as this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        listens_on = getattr(connection.laddr, "port", None)
        if connection.status == psutil.CONN_LISTEN and listens_on == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.NoSuchProcess:
                break
    return "another process"


def require_free(port: int, wanted_by: str, seconds: float = 3.0) -> None:
    """Raise when somebody keeps the port; a server that was just killed gets ``seconds`` to let go of it."""
    if not wait_until(lambda: is_free(port), seconds):
        raise CannotStart(
            f"Port {port}, which {wanted_by} needs, is in use by {holder(port)}.",
            "Stop that process, or move all ports together: `sportello up --port-offset 1000`.",
        )
