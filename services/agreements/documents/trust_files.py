"""Whom signatures may stand on, read from files: trusted lists, further roots, revocation lists.

One directory, kept by the operator; nothing is fetched. In it, each optional:

    lists/      trusted lists (ETSI TS 119 612, XML with their signature)
    operators/  certificates of who signs the lists
    roots/      roots of signatories that no list names       stamps/   roots of time-stamping services
    chain/      intermediate certificates documents may lack  crls/     certificate revocation lists
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from asn1crypto import crl, pem
from cryptography import x509
from lxml import etree
from pyhanko.sign.validation.qualified.eutl_parse import read_qualified_service_definitions
from pyhanko.sign.validation.qualified.tsp import QualifiedServiceInformation
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier  # type: ignore[attr-defined]

from services.agreements.documents.verification.trust import Revocation, Trust, certificate_of
from services.agreements.documents.verification.verdict import clean

_TSL = "{http://uri.etsi.org/02231/v2#}"
Loaded = TypeVar("Loaded")


class Unusable(Exception):
    """A file of the trust directory that cannot be relied on; the words say why."""


@dataclass(frozen=True)
class TrustList:
    """A trusted list whose signature holds. After `next_update` it is not relied on any more."""

    file: str
    territory: str
    sequence: int
    issued_at: datetime
    next_update: datetime | None
    services: tuple[QualifiedServiceInformation, ...]

    def is_current(self, moment: datetime) -> bool:
        return self.next_update is None or moment <= self.next_update


@dataclass(frozen=True)
class RevocationList:
    """A certificate revocation list; whether it is recent enough is judged with each signature."""

    file: str
    issuer: str
    next_update: datetime | None
    encoded: bytes


@dataclass(frozen=True)
class TrustFiles:
    """Everything that could be read; `problems` name each file that could not, and why."""

    lists: tuple[TrustList, ...] = ()
    roots: tuple[bytes, ...] = ()
    stamps: tuple[bytes, ...] = ()
    chain: tuple[bytes, ...] = ()
    crls: tuple[RevocationList, ...] = ()
    problems: tuple[str, ...] = ()

    def trust(self, moment: datetime, development: tuple[bytes, ...] = (), revocation: Revocation = "hard") -> Trust:
        """What signatures are judged by at `moment`; `development` are the development signer's roots."""
        return Trust(
            roots=development,
            moment=moment,
            crls=tuple(one.encoded for one in self.crls),
            others=self.roots,
            stamps=self.stamps,
            certificates=self.chain,
            services=tuple(service for one in self.lists if one.is_current(moment) for service in one.services),
            revocation=revocation,
        )

    def complaints(self, moment: datetime) -> list[str]:
        """What an operator should see to."""
        found = list(self.problems)
        found += [
            f"{one.file}: out of date since {one.next_update}" for one in self.lists if not one.is_current(moment)
        ]
        found += [
            f"{one.file}: out of date since {one.next_update}"
            for one in self.crls
            if one.next_update is not None and one.next_update < moment
        ]
        return found


def read_trust_files(directory: Path) -> TrustFiles:
    """All files below `directory`. A trusted list takes seconds: call it off the loop."""
    problems: list[str] = []

    def all_in(folder: str, load: Callable[[str, bytes], list[Loaded]]) -> tuple[Loaded, ...]:
        return tuple(_each(directory, folder, load, problems))

    operators = all_in("operators", _certificates)
    return TrustFiles(
        lists=all_in("lists", lambda name, content: [_trust_list(name, content, operators)]),
        roots=all_in("roots", _certificates),
        stamps=all_in("stamps", _certificates),
        chain=all_in("chain", _certificates),
        crls=all_in("crls", _revocation_lists),
        problems=tuple(problems),
    )


def _each(
    directory: Path, folder: str, load: Callable[[str, bytes], list[Loaded]], problems: list[str]
) -> Iterator[Loaded]:
    for path in sorted((directory / folder).glob("*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        name = f"{folder}/{path.name}"
        try:
            yield from load(name, path.read_bytes())
        except (Unusable, ValueError, TypeError, KeyError, OSError, etree.LxmlError) as error:
            problems.append(f"{name}: {error}")


def _certificates(name: str, content: bytes) -> list[bytes]:
    ders = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
    for der in ders:
        certificate_of(der).native  # noqa: B018 (reads all of it: raises for what is no certificate)
    return ders


def _revocation_lists(name: str, content: bytes) -> list[RevocationList]:
    ders = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
    found = []
    for der in ders:
        read = crl.CertificateList.load(der, strict=True)
        following = read["tbs_cert_list"]["next_update"].native
        found.append(RevocationList(name, clean(read.issuer.human_friendly), following, der))
    return found


def _trust_list(name: str, content: bytes, operators: tuple[bytes, ...]) -> TrustList:
    signed = _signed_part(content, operators)
    information = etree.fromstring(signed, _parser()).find(f"{_TSL}SchemeInformation")
    following = information.findtext(f"{_TSL}NextUpdate/{_TSL}dateTime")
    return TrustList(
        file=name,
        territory=information.findtext(f"{_TSL}SchemeTerritory") or "?",
        sequence=int(information.findtext(f"{_TSL}TSLSequenceNumber")),
        issued_at=_moment(information.findtext(f"{_TSL}ListIssueDateTime")),
        next_update=_moment(following) if following else None,
        services=tuple(read_qualified_service_definitions(signed.decode())),
    )


def _signed_part(content: bytes, operators: tuple[bytes, ...]) -> bytes:
    """What the list's signature covers, and only that: the rest of the file may say anything."""
    if not operators:
        raise Unusable("no certificate in operators/ to check the list's signature with")
    config = XAdESSignatureConfiguration(require_x509=True, expect_references=True)
    for operator in operators:
        certificate = x509.load_der_x509_certificate(operator)
        try:
            results = XAdESVerifier().verify(content, x509_cert=certificate, expect_config=config)
        except (SignXMLException, ValueError):
            continue
        for result in results:
            if result.signed_xml is not None and result.signed_xml.tag == f"{_TSL}TrustServiceStatusList":
                return bytes(result.signed_data)
    raise Unusable("the list's signature is by none of the operators, or does not hold")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass
class TrustDirectory:
    """The directory, read again when a file in it changed. Without a directory nobody outside is trusted."""

    directory: Path | None
    _read: TrustFiles = field(default_factory=TrustFiles)
    _state: tuple[tuple[str, int, int], ...] | None = None

    def current(self) -> TrustFiles:
        """Takes seconds after a change: call it off the loop."""
        if self.directory is None:
            return self._read
        state = tuple(sorted(self._stat()))
        if state != self._state:
            self._read, self._state = read_trust_files(self.directory), state
        return self._read

    def _stat(self) -> Iterator[tuple[str, int, int]]:
        assert self.directory is not None
        for path in self.directory.glob("*/*"):
            facts = path.stat()
            yield str(path), facts.st_mtime_ns, facts.st_size
