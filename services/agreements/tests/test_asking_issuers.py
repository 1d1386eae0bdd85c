"""Where no list says whether a certificate was revoked its issuer is asked: if switched on, and in public places."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import ocsp
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from chassis.testing import Running
from services.agreements.documents.revocation import Answers, Asker
from services.agreements.documents.verification.apart import examine_apart
from services.agreements.documents.verification.verdict import Asks
from services.agreements.handlers.auditing import audit
from services.agreements.settings import AgreementsSettings
from services.agreements.tests import pki
from services.agreements.tests.outside import Provider, approved_document
from services.agreements.tests.pki import Holder
from services.agreements.tests.story import CITY, EDUCATION, SIGNATORY, Story
from services.agreements.tests.test_outside_signing import opened, trusting
from services.agreements.tests.test_outside_signing import provider as provider

INSIDE = (
    "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1",
    "0.0.0.0", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "::10.0.0.1", "64:ff9b:1::a00:1", "2002:a00:1::1",
)  # fmt: skip
REQUEST = base64.b64encode(b"question").decode()


@dataclass
class Responder:
    """An issuer's server on this machine: what it answers, by path, and what it was asked."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @classmethod
    @asynccontextmanager
    async def up(cls) -> AsyncIterator[Responder]:
        one = cls()
        server = await asyncio.start_server(one._answer, "127.0.0.1", 0)
        one.port = server.sockets[0].getsockname()[1]
        try:
            yield one
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.asked.append(path)
        status, content = self.answers.get(path, (404, b""))
        more = "Location: http://127.0.0.1/elsewhere\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.mark.integration
async def test_the_first_answer_counts_and_what_fails_is_left_out() -> None:
    async with Responder.up() as there:
        there.answers = {"/ocsp": (200, b"good"), "/crl": (200, b"list"), "/big": (200, b"x" * 2000)}
        there.answers["/moved"] = (302, b"")
        ask = Asker(private=True, most_bytes=1000)
        both = Asks((there.at("/gone"), there.at("/ocsp")), REQUEST, (there.at("/crl"),))
        assert await ask([both]) == Answers((b"list",), (b"good",)), (
            "an OCSP answer may be an error: the list helps then"
        )
        assert await ask([Asks((), "", (there.at("/crl"),))]) == Answers((b"list",), ())
        for path in ("/big", "/moved", "/gone"):
            assert not await ask([Asks((), "", (there.at(path),))]), path
        assert "/elsewhere" not in there.asked


@pytest.mark.integration
async def test_all_answers_for_one_document_are_bounded_in_size_and_time() -> None:
    async with Responder.up() as there:
        there.answers = {f"/{one}": (200, bytes([one]) * 600) for one in range(3)}
        lists = [Asks((), "", (there.at(f"/{one}"),)) for one in range(3)]
        assert len((await Asker(private=True, most_bytes=1300)(lists)).crls) == 2

    async with Responder.up() as there:
        there.answers = {"/large": (200, b"x" * 900), "/one": (200, b"1" * 90), "/two": (200, b"2" * 90)}
        asked = [Asks((there.at(path),), REQUEST, (there.at("/large"),)) for path in ("/one", "/two")]
        answers = await Asker(private=True, most_bytes=1000)(asked)
        assert (len(answers.ocsps), answers.crls) == (2, ()), "no large list takes the place of a small answer"

    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    slow = Asker(resolve=never, seconds_in_all=0.05)
    assert not await asyncio.wait_for(slow([Asks((), "", ("http://crl.example/ca.crl",))] * 8), 60)


@pytest.mark.integration
async def test_no_document_waits_for_those_before_it_longer_than_it_may() -> None:
    release = asyncio.Event()

    async def held(_host: str, _port: int) -> list[str]:
        await release.wait()
        return []

    async def unheard(_host: str, _port: int) -> list[str]:
        raise AssertionError("it is not its turn")

    question = [Asks((), "", ("http://crl.example/ca.crl",))]
    patient = Asker(resolve=held)
    first = [asyncio.create_task(patient(question)) for _ in range(4)]
    await asyncio.sleep(0)  # the first two have their turn now
    late = replace(patient, resolve=unheard, seconds_in_all=0.05)
    assert not await asyncio.wait_for(late(question), 60)
    release.set()
    assert not any(await asyncio.gather(*first))


@pytest.mark.integration
@pytest.mark.parametrize("address", INSIDE)
async def test_nobody_inside_is_asked_whatever_the_certificate_says(address: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", address]

    assert not await Asker(resolve=resolve, seconds=2)([Asks((), "", ("http://crl.example/ca.crl",))])


@pytest.mark.integration
@pytest.mark.parametrize(
    "url",
    [
        "https://crl.example/a",
        "file:///etc/passwd",
        "ldap://x/y",
        "http://a:b@crl.example/",
        "http://crl.example:8080/",
        "http://[bad/",
    ],
)
async def test_only_plain_http_is_spoken(url: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError("not even looked up")

    assert not await Asker(resolve=resolve)([Asks((), "", (url,))])


@pytest.fixture(scope="module")
async def desk(
    settings: AgreementsSettings, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A city that has the provider's list and none of who was revoked."""
    place: Path = tmp_path_factory.mktemp("trust")
    async with trusting(provider, settings, place, agreements_development_signer=True) as running_:
        yield running_


def signatory(provider: Provider, there: Responder, monkeypatch: pytest.MonkeyPatch) -> Holder:
    """Paolo, whose certificate names this responder."""
    place = x509.UniformResourceIdentifier(there.at("/ocsp"))
    points = x509.DistributionPoint([x509.UniformResourceIdentifier(there.at("/crl"))], None, None, None)
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    monkeypatch.setattr(pki, "_OCSP_AT", x509.AuthorityInformationAccess([access]))
    monkeypatch.setattr(pki, "_CRL_AT", x509.CRLDistributionPoints([points]))
    return provider.ca.signatory()


@pytest.fixture(autouse=True)
async def nobody_asks_unless_told(request: pytest.FixtureRequest) -> None:
    """Each test begins with a desk that asks nobody."""
    if "story" in request.fixturenames:
        state = request.getfixturevalue("story").desk.app.state
        state.desk = replace(state.desk, ask=None)


@pytest.mark.integration
@pytest.mark.parametrize("how", ["ocsp", "crl"])
async def test_an_issuer_is_asked_and_its_answer_is_kept(
    story: Story, provider: Provider, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with Responder.up() as there:
        paolo = signatory(provider, there, monkeypatch)
        outside = await opened(story, provider)
        document = await outside.pades(paolo, outside.party)
        unknown = await outside.hand_in(document)
        assert [one["code"] for one in unknown.json()["errors"]] == ["revocation-unknown"]
        assert there.asked == [], "switched off, nobody is asked"

        state, now = story.desk.app.state, datetime.now(UTC)
        state.desk = replace(state.desk, ask=Asker())
        assert (await outside.hand_in(document)).status_code == 422
        assert there.asked == [], "this machine is not a public place"
        state.desk = replace(state.desk, ask=Asker(private=True))
        given = provider.ca.ocsp(paolo, now) if how == "ocsp" else provider.ca.crl(now)
        there.answers = {f"/{how}": (200, given)}
        answer = await outside.hand_in(document)
        assert answer.status_code == 201, answer.text
        assert answer.json()["signatures"][0]["revocation"] == how
        assert f"/{how}" in there.asked
        kinds = await state.units.pool.fetch(
            "SELECT m.kind FROM revision_material r JOIN validation_material m USING (city, sha256)"
            " WHERE r.agreement_id = $1::uuid",
            outside.agreement,
        )
        assert how in [row["kind"] for row in kinds]
        before = list(there.asked)
        await story.done(outside.agreement, "sign", SIGNATORY)
        async with state.units.reading() as store:
            assert (await audit(store, CITY)).faults == ()
        assert there.asked == before, "what was accepted is never asked about again"


@pytest.mark.integration
async def test_whoever_the_issuer_has_revoked_is_refused(
    story: Story, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Responder.up() as there:
        paolo = signatory(provider, there, monkeypatch)
        outside = await opened(story, provider)
        state, now = story.desk.app.state, datetime.now(UTC)
        state.desk = replace(state.desk, ask=Asker(private=True))
        provider.ca.revoke(paolo, now)
        there.answers = {"/ocsp": (200, provider.ca.ocsp(paolo, datetime.now(UTC)))}
        refused = await outside.hand_in(await outside.pades(paolo, outside.party))
        assert [one["code"] for one in refused.json()["errors"]] == ["revoked"]
        nobody = pki.Authority.root(now, "Nessuno").below("CA di nessuno").signatory()
        stranger = await outside.hand_in(await outside.pades(nobody, EDUCATION))
        assert [one["code"] for one in stranger.json()["errors"]] == ["untrusted"]
        assert there.asked == ["/ocsp", "/crl"], "a certificate of nobody we trust is not asked about"


@pytest.mark.integration
async def test_the_process_that_judges_says_what_to_ask(provider: Provider) -> None:
    approved = approved_document()
    document = await provider.pades(approved, provider.ca.signatory())
    trust = provider.trust(crls=())
    found = await examine_apart(document, approved=approved, latest=approved, trust=trust)
    asks = found.signatures[0].asks
    assert asks is not None
    assert (asks.ocsp, asks.crl) == (("http://ocsp.fiducia.example/",), ("http://crl.fiducia.example/ca.crl",))
    assert ocsp.OCSPRequest.load(base64.b64decode(asks.request))["tbs_request"]["request_list"]
    known = await examine_apart(document, approved=approved, latest=approved, trust=provider.trust())
    assert known.signatures[0].asks is None
