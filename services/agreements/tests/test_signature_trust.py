"""Whom a signature may stand on: lists, levels, revocation, time. Each refusal with its reason."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyhanko.sign.fields import SigSeedSubFilter

from services.agreements.documents.trust_files import TrustDirectory, TrustFiles, read_trust_files
from services.agreements.documents.verification import Reason, Trust
from services.agreements.documents.verification.apart import MOST_IN_HAND, Busy, Limits, examine_apart
from services.agreements.tests.outside import MINUTE, NOW, Provider, approved_document, asked, why
from services.agreements.tests.pki import DAY, Authority, trusted_list

pytestmark = pytest.mark.unit
R = Reason


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider.make()


@pytest.fixture(scope="module")
def approved() -> bytes:
    return approved_document()


async def judged(provider: Provider, approved: bytes, trust: Trust | None = None, **signatory: Any) -> set[Reason]:
    document = await provider.pades(approved, provider.ca.signatory(**signatory))
    return why(await asked(document, approved, trust or provider.trust()))


@pytest.mark.parametrize(
    ("signatory", "expected"),
    [
        ({}, set()),
        ({"end": NOW - DAY}, {R.EXPIRED, R.WRONG_TIME}),
        ({"begin": NOW + DAY, "end": NOW + 9 * DAY}, {R.NOT_YET_VALID, R.WRONG_TIME}),
        ({"usage": "digital_signature"}, {R.WRONG_KEY_USAGE}),
        ({"kind": "seal"}, {R.SEAL}),
        ({"kind": None}, set()),
    ],
)
async def test_certificates(
    provider: Provider, approved: bytes, signatory: dict[str, Any], expected: set[Reason]
) -> None:
    assert await judged(provider, approved, **signatory) == expected


async def test_an_unknown_authority_is_not_trusted(provider: Provider, approved: bytes) -> None:
    foreign = Provider.make()
    foreign.ca = foreign.root.below("Altra CA")
    document = await foreign.pades(approved, foreign.ca.signatory())
    assert why(await asked(document, approved, provider.trust())) == {R.UNTRUSTED}


async def test_an_authority_of_the_same_name_is_not_trusted(provider: Provider, approved: bytes) -> None:
    """The name is right, the key is not: no certificate is believed for its words."""
    twin = Authority.root(NOW, "CA qualificata di prova")
    document = await replace(provider, ca=twin).pades(approved, twin.signatory())
    assert why(await asked(document, approved, provider.trust())) & {R.UNTRUSTED, R.SIGNATURE_DAMAGED}


async def test_a_weak_digest_is_refused(provider: Provider, approved: bytes) -> None:
    document = await provider.pades(approved, provider.ca.signatory(), signing={"md_algorithm": "sha1"})
    assert why(await asked(document, approved, provider.trust())) == {R.WEAK_ALGORITHM}


async def test_a_signature_that_is_no_pades_is_refused(provider: Provider, approved: bytes) -> None:
    signing = {"subfilter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED}
    document = await provider.pades(approved, provider.ca.signatory(), signing=signing)
    assert why(await asked(document, approved, provider.trust())) == {R.NOT_PADES}


class TestRevocation:
    async def test_nobody_knows(self, provider: Provider, approved: bytes) -> None:
        assert await judged(provider, approved, provider.trust(crls=())) == {R.REVOCATION_UNKNOWN}
        assert not await judged(provider, approved, provider.trust(crls=(), revocation="soft"))

    async def test_a_stale_list_says_nothing(self, provider: Provider, approved: bytes) -> None:
        stale = provider.ca.crl(NOW - 9 * DAY, NOW - 8 * DAY)
        assert await judged(provider, approved, provider.trust(crls=(stale,))) == {R.REVOCATION_UNKNOWN}

    async def test_a_list_signed_by_somebody_else_says_nothing(self, provider: Provider, approved: bytes) -> None:
        forged = Authority.root(NOW, "CA qualificata di prova").crl(NOW)
        assert await judged(provider, approved, provider.trust(crls=(forged,))) == {R.REVOCATION_UNKNOWN}

    @pytest.mark.parametrize("how", ["crl", "ocsp"])
    async def test_revoked_before_it_came_in(self, approved: bytes, how: str) -> None:
        provider = Provider.make()
        holder = provider.ca.signatory()
        provider.ca.revoke(holder, NOW - MINUTE)
        known: dict[str, Any] = (
            {"crls": (provider.ca.crl(NOW),)}
            if how == "crl"
            else {"crls": (), "ocsps": (provider.ca.ocsp(holder, NOW),)}
        )
        document = await provider.pades(approved, holder, now=NOW - DAY)
        found = await asked(document, approved, provider.trust(**known))
        assert why(found) == {R.REVOKED}, "what it says of its own time proves nothing"

    async def test_revoked_after_a_proven_time_is_accepted(self, approved: bytes) -> None:
        provider = Provider.make()
        holder = provider.ca.signatory()
        document = await provider.pades(approved, holder, now=NOW - DAY, stamped=NOW - DAY)
        provider.ca.revoke(holder, NOW - MINUTE)
        found = await asked(document, approved, provider.trust())
        assert found.ok, found.reasons
        (one,) = found.signatures
        assert (one.proof, one.proven_at, one.baseline) == ("time-stamp", NOW - DAY, "PAdES B-T")

    async def test_an_issuer_below_the_trusted_one(self, approved: bytes) -> None:
        provider = Provider.make()
        middle = provider.ca.below("CA intermedia")
        document = await replace(provider, ca=middle).pades(approved, middle.signatory())
        assert (await asked(document, approved, provider.trust(crls=(middle.crl(NOW),)))).ok

    async def test_data_in_the_document_do(self, provider: Provider, approved: bytes) -> None:
        holder = provider.ca.signatory()
        stamped = await provider.pades(approved, holder, stamped=NOW)
        trust = provider.trust(crls=())
        for data in ({"crls": [provider.ca.crl(NOW)]}, {"ocsps": [provider.ca.ocsp(holder, NOW)]}):
            long_term = provider.long_term(stamped, **data)
            found = await asked(long_term, approved, trust)
            assert (found.ok, found.signatures[0].baseline) == (True, "PAdES B-LT"), found.reasons
        archived = await asked(await provider.archived(long_term, NOW), approved, trust)
        assert (archived.ok, archived.signatures[0].baseline) == (True, "PAdES B-LTA"), archived.reasons


class TestTime:
    async def test_a_stamp_keeps_an_expired_certificate_alive(self, provider: Provider, approved: bytes) -> None:
        holder = provider.ca.signatory(end=NOW - DAY)
        then = NOW - 2 * DAY
        trust = provider.trust(crls=(provider.ca.crl(NOW - 3 * DAY, NOW + DAY),))
        assert R.EXPIRED in why(await asked(await provider.pades(approved, holder, now=then), approved, trust))
        assert (await asked(await provider.pades(approved, holder, now=then, stamped=then), approved, trust)).ok

    async def test_a_document_stamp_does_as_well(self, provider: Provider, approved: bytes) -> None:
        holder = provider.ca.signatory(end=NOW - DAY)
        then = NOW - 2 * DAY
        document = await provider.archived(await provider.pades(approved, holder, now=then), then)
        found = await asked(document, approved, provider.trust(crls=(provider.ca.crl(NOW - 3 * DAY, NOW + DAY),)))
        assert (found.ok, found.signatures[0].proven_at) == (True, then), found.reasons

    async def test_a_stamp_of_an_unknown_service_proves_nothing(self, provider: Provider, approved: bytes) -> None:
        document = await provider.pades(approved, provider.ca.signatory(), now=NOW - DAY, stamped=NOW - DAY)
        found = await asked(document, approved, provider.trust(stamps=()))
        assert found.ok
        assert (found.signatures[0].proof, found.signatures[0].baseline) == ("received", "PAdES B-B")

    async def test_a_stamp_from_the_future_proves_nothing(self, provider: Provider, approved: bytes) -> None:
        document = await provider.pades(approved, provider.ca.signatory(), stamped=NOW + DAY)
        found = await asked(document, approved, provider.trust())
        assert found.signatures[0].proof == "received"

    async def test_a_claim_later_than_the_proof_is_refused(self, provider: Provider, approved: bytes) -> None:
        document = await provider.pades(approved, provider.ca.signatory(), now=NOW + DAY)
        assert why(await asked(document, approved, provider.trust())) == {R.WRONG_TIME}
        document = await provider.pades(approved, provider.ca.signatory(), now=NOW, stamped=NOW - DAY)
        assert why(await asked(document, approved, provider.trust())) == {R.WRONG_TIME}


def directory(tmp_path: Path, provider: Provider, content: bytes | None = None, **more: Any) -> Path:
    files = {
        "lists/it.xml": content or provider.list(**more), "operators/it.pem": provider.operator.holder.pem,
        "crls/ca.crl": provider.ca.crl(NOW),
    }  # fmt: skip
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return tmp_path


class TestTrustedLists:
    @pytest.mark.parametrize(
        ("signatory", "level"),
        [
            ({}, "qualified"),
            ({"device": False}, "advanced"),
            ({"kind": None}, "advanced"),
        ],
    )
    async def test_levels(
        self, tmp_path: Path, provider: Provider, approved: bytes, signatory: dict[str, Any], level: str
    ) -> None:
        trust = read_trust_files(directory(tmp_path, provider)).trust(NOW)
        document = await provider.pades(approved, provider.ca.signatory(**signatory), stamped=NOW)
        found = await asked(document, approved, trust)
        assert found.ok, found.reasons
        (one,) = found.signatures
        assert (one.level, one.baseline, one.trusted_by) == (level, "PAdES B-T", "CA qualificata di prova")

    async def test_a_service_counts_for_its_time(self, tmp_path: Path, provider: Provider, approved: bytes) -> None:
        """Withdrawn ten days ago, granted before: what was signed then and stamped still stands."""
        services = {"status": "withdrawn", "history": [("granted", NOW - 300 * DAY)]}
        since = [("CA/QC", provider.ca.holder, NOW - 10 * DAY)]
        xml = trusted_list(provider.operator.holder, since, next_update=NOW + DAY, **services)
        trust = replace(
            read_trust_files(directory(tmp_path, provider, xml)).trust(NOW), stamps=(provider.ca.holder.der,)
        )
        then = NOW - 20 * DAY
        holder = provider.ca.signatory()
        assert (await asked(await provider.pades(approved, holder, now=then, stamped=then), approved, trust)).ok
        assert why(await asked(await provider.pades(approved, holder, stamped=NOW), approved, trust)) == {R.UNTRUSTED}

    def test_a_changed_list_is_not_read(self, tmp_path: Path, provider: Provider) -> None:
        changed = provider.list().replace(b"granted", b"withdrawn")
        files = read_trust_files(directory(tmp_path, provider, changed))
        assert files.lists == ()
        assert files.problems == ("lists/it.xml: the list's signature is by none of the operators, or does not hold",)

    def test_a_list_of_somebody_else_is_not_read(self, tmp_path: Path, provider: Provider) -> None:
        files = read_trust_files(directory(tmp_path, provider, Provider.make().list()))
        assert (files.lists, len(files.problems)) == ((), 1)

    async def test_a_list_out_of_date_is_not_relied_on(
        self, tmp_path: Path, provider: Provider, approved: bytes
    ) -> None:
        files = read_trust_files(directory(tmp_path, provider, next_update=NOW - DAY))
        assert len(files.lists) == 1
        assert [one.split(":")[0] for one in files.complaints(NOW)] == ["lists/it.xml"]
        assert await judged(provider, approved, files.trust(NOW)) == {R.UNTRUSTED}

    def test_what_cannot_be_read_is_named_and_the_rest_is_used(self, tmp_path: Path, provider: Provider) -> None:
        place = directory(tmp_path, provider)
        (place / "roots").mkdir()
        (place / "roots" / "notes.txt").write_bytes(b"no certificate")
        (place / "roots" / "root.pem").write_bytes(provider.root.holder.pem)
        files = read_trust_files(place)
        assert (len(files.roots), len(files.lists), len(files.crls)) == (1, 1, 1)
        assert [one.split(":")[0] for one in files.problems] == ["roots/notes.txt"]

    def test_the_directory_is_read_again_when_a_file_changed(self, tmp_path: Path, provider: Provider) -> None:
        trust = TrustDirectory(directory(tmp_path, provider))
        first = trust.current()
        assert trust.current() is first
        (tmp_path / "crls" / "more.crl").write_bytes(provider.ca.crl(NOW, NOW + 3 * DAY))
        assert len(trust.current().crls) == 2
        assert TrustDirectory(None).current() == TrustFiles()


class TestApart:
    async def test_the_verdict_is_the_same(self, tmp_path: Path, provider: Provider, approved: bytes) -> None:
        document = await provider.pades(approved, provider.ca.signatory())
        trust = read_trust_files(directory(tmp_path, provider)).trust(NOW)
        there = await examine_apart(document, approved=approved, latest=approved, trust=trust)
        here = await asked(document, approved, trust)
        assert there == here
        assert there.ok

    @pytest.mark.parametrize("limits", [Limits(seconds=0.05), Limits(processor_seconds=0)])
    async def test_too_much_work_is_given_up(self, provider: Provider, approved: bytes, limits: Limits) -> None:
        trust = provider.trust()
        found = await examine_apart(approved, approved=approved, latest=approved, trust=trust, limits=limits)
        assert why(found) == {R.TOO_MUCH_WORK}

    async def test_more_documents_at_once_than_may_be_in_hand_are_sent_away(
        self, provider: Provider, approved: bytes
    ) -> None:
        asked_for = [
            examine_apart(
                approved, approved=approved, latest=approved, trust=provider.trust(), limits=Limits(seconds=0.05)
            )
            for _one in range(MOST_IN_HAND + 2)
        ]
        found = await asyncio.gather(*asked_for, return_exceptions=True)
        assert sum(isinstance(one, Busy) for one in found) == 2
        later = examine_apart(
            approved, approved=approved, latest=approved, trust=provider.trust(), limits=Limits(seconds=0.05)
        )
        assert why(await later) == {R.TOO_MUCH_WORK}

    async def test_a_document_that_unpacks_without_end_is_refused(self, provider: Provider, approved: bytes) -> None:
        """A cross-reference of 300 KB that would be 300 MB."""
        table = zlib.compress(b"\0" * (300 * 1024 * 1024), 9)
        head = b"9000 0 obj\n<</Type/XRef/Size 9001/W[1 4 2]/Root 192 0 R/Filter/FlateDecode/Length %d>>\nstream\n"
        end = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(approved)
        document = approved + head % len(table) + table + end
        found = await examine_apart(document, approved=approved, latest=approved, trust=provider.trust())
        assert why(found) & {R.UNREADABLE, R.TOO_MUCH_WORK}
