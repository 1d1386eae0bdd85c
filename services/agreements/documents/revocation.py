"""Asking a certificate's issuer whether it was revoked (OCSP, RFC 6960; lists, RFC 5280), over the network.

The addresses stand in a certificate that a stranger handed in. They are asked for only when a trusted authority issued
that certificate; even so only plain HTTP to public addresses is spoken, without redirects, to the very address that was
looked at, with limits of time and size. What comes back is bytes: only the process that judges documents reads them.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from chassis import log
from services.agreements.documents.verification.verdict import Asks

MOST_BYTES = 20 * 1024 * 1024
MOST_QUESTIONS = 8
AT_ONCE = 2
"""Documents whose issuers are asked at the same time: each answer may have megabytes."""
_HIDE_IPV4 = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
"""Where a gateway or an old stack reaches any IPv4 address, also a private one (RFC 6052, 8215, 4291)."""
Resolve = Callable[[str, int], Awaitable[list[str]]]
_logger = log.get("revocation")


class Refused(Exception):
    """The question was not asked, or the answer was not taken."""


@dataclass(frozen=True)
class Answers:
    """What issuers answered: lists and OCSP answers (DER), not looked into."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.crls or self.ocsps)


async def addresses_of(host: str, port: int) -> list[str]:
    """Where the host is, as the system knows."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True)
class Asker:
    """Asks issuers. `private` also allows addresses that are not public: for a provider inside the city's network.

    `seconds` are for one question, `seconds_in_all` for those of one document with the wait for its turn; all answers
    for a document together have at most `most_bytes`.
    """

    private: bool = False
    seconds: float = 10.0
    seconds_in_all: float = 30.0
    most_bytes: int = MOST_BYTES
    resolve: Resolve = addresses_of
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, questions: Iterable[Asks]) -> Answers:
        """For each certificate the first OCSP answer and the first list that come. What fails is logged and left out.

        The list is asked for also after an OCSP answer: that may be an error, which only the judging process can read.
        But after all of them, for lists are large and slow.
        """
        crls: list[bytes] = []
        ocsps: list[bytes] = []
        try:
            async with asyncio.timeout(self.seconds_in_all), self.turns:
                some = list(questions)[:MOST_QUESTIONS]
                asked = [[(url, base64.b64decode(one.request)) for url in one.ocsp] for one in some]
                listed = [[(url, b"") for url in one.crl] for one in some]
                for places, answers in [(one, ocsps) for one in asked] + [(one, crls) for one in listed]:
                    answer = await self._first(places)
                    if answer is None:
                        continue
                    if sum(map(len, (*crls, *ocsps, answer))) <= self.most_bytes:
                        answers.append(answer)
                    else:
                        _logger.warning("revocation.too_much")
        except TimeoutError:
            _logger.warning("revocation.out_of_time")
        return Answers(tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps)))

    async def _first(self, places: list[tuple[str, bytes]]) -> bytes | None:
        for url, body in places[:3]:
            try:
                async with asyncio.timeout(self.seconds):
                    return await self._ask(url, body)
            except (Refused, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as reason:
                # Nothing of the address: it may say which certificate, and so which person, it is about.
                _logger.warning("revocation.not_answered", reason=type(reason).__name__)
        return None

    async def _ask(self, url: str, body: bytes) -> bytes:
        place = urlsplit(url)
        if place.scheme != "http" or not place.hostname or place.username:
            raise Refused("only plain http")
        port = place.port or 80
        if port != 80 and not self.private:
            raise Refused("only port 80")
        address = await self._public(place.hostname, port)
        there = f"[{address}]" if ":" in address else address
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        host = place.hostname if port == 80 else f"{place.hostname}:{port}"
        headers = {"Host": host} | ({"Content-Type": "application/ocsp-request"} if body else {})
        # Proxies and passwords of the environment are not for strangers' addresses.
        async with httpx.AsyncClient(timeout=self.seconds, follow_redirects=False, trust_env=False) as client:
            method = "POST" if body else "GET"
            async with client.stream(method, f"http://{there}:{port}{target}", content=body, headers=headers) as answer:
                return await self._read(answer)

    async def _read(self, answer: httpx.Response) -> bytes:
        if answer.status_code != 200:
            raise Refused(f"status {answer.status_code}")
        received = bytearray()
        async for piece in answer.aiter_raw():
            received += piece
            if len(received) > self.most_bytes:
                raise Refused("too large")
        return bytes(received)

    async def _public(self, host: str, port: int) -> str:
        """The address to connect to: looked at here, so that another answer later does not count."""
        found = await self.resolve(host, port)
        if not found:
            raise Refused("no address")
        if not self.private and not all(_is_public(one) for one in found):
            raise Refused("not a public address")
        return found[0]


def _is_public(address: str) -> bool:
    place = ipaddress.ip_address(address.split("%")[0])
    inner = getattr(place, "ipv4_mapped", None) or getattr(place, "sixtofour", None)
    hidden = any(place in net for net in _HIDE_IPV4)
    return place.is_global and not place.is_multicast and not hidden and (inner is None or inner.is_global)
