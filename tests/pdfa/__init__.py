"""Whether a document is PDF/A, as veraPDF sees it (Maven: ``org.verapdf.apps:greenfield-apps``)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.failures import CannotStart
from deploy.local.jars import Jars, java
from deploy.local.kafka import silent
from tests.servers import REQUIRE_VARIABLE, SERVERS

VERAPDF = Jars("veraPDF", "verapdf", Path(__file__).with_name("pom.xml"), Path(__file__).with_name("jars.sha256"))
_MAIN = "org.verapdf.apps.GreenfieldCliWrapper"


@dataclass(frozen=True)
class Verdict:
    """What veraPDF says of one document: compliant with which profile, else the rules it breaks."""

    compliant: bool
    profile: str
    broken: tuple[str, ...]


class PdfA:
    """Asks veraPDF. A run of the program takes a second, so give it many documents at once."""

    def __init__(self, jars: Path, directory: Path) -> None:
        self._jars = jars
        self._directory = directory

    def verdicts(self, documents: Mapping[str, bytes], flavour: str = "2b") -> dict[str, Verdict]:
        """By name: whether each document complies with the flavour of PDF/A (``0`` = the one it claims)."""
        for name, content in documents.items():
            (self._directory / f"{name}.pdf").write_bytes(content)
        paths = [str(self._directory / f"{name}.pdf") for name in documents]
        command = [java(), "-cp", f"{self._jars}/*", _MAIN, "--format", "json", "--flavour", flavour, *paths]
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        jobs = json.loads(said.stdout)["report"]["jobs"]
        return {Path(job["itemDetails"]["name"]).stem: _verdict(job) for job in jobs}


def _verdict(job: Mapping[str, object]) -> Verdict:
    results = job.get("validationResult")
    if not isinstance(results, list) or not results:
        return Verdict(False, "", (str(job.get("taskException")),))
    [result] = results
    broken = tuple(
        f"{rule['specification']} {rule['clause']}: {rule['description']}"
        for rule in result["details"]["ruleSummaries"]
    )
    return Verdict(result["compliant"], result["profileName"], broken)


@pytest.fixture
def pdfa(request: pytest.FixtureRequest, tmp_path: Path) -> PdfA:
    """veraPDF, fetched at first need. Where it cannot run the test is skipped, loudly, unless CI forbids that."""
    try:
        java()
        found = request.config.stash[SERVERS].once("verapdf", lambda: {"jars": str(VERAPDF.fetched(silent))})
    except CannotStart as obstacle:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            raise
        request.config.stash[SERVERS].not_proven(f"that the documents are PDF/A: {obstacle}")
        pytest.skip(f"veraPDF cannot run: {obstacle}")
    return PdfA(Path(found["jars"]), tmp_path)
