"""Signatures made by software that is not ours: DSS, the European Commission's library, on another PDF library."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from deploy.local.failures import CannotStart
from deploy.local.jars import Jars, java
from deploy.local.kafka import silent
from tests.servers import REQUIRE_VARIABLE, SERVERS

DSS = Jars("DSS", "dss", Path(__file__).with_name("pom.xml"), Path(__file__).with_name("jars.sha256"))
_PROGRAM = Path(__file__).with_name("Sign.java")
_PASSWORD = "only-in-tests"


@dataclass(frozen=True)
class Job:
    """One signature: who signs what how. `content` may be the number of an earlier job, whose result is signed."""

    kind: Literal["pades", "cades"]
    holder: object
    content: bytes | int
    field: str = "-"


class Software:
    """Signs. A run of the program takes seconds, so give it all there is to do at once."""

    def __init__(self, jars: Path, directory: Path) -> None:
        self._jars = jars
        self._directory = directory

    def signed(self, jobs: Sequence[Job], issuer: object) -> list[bytes]:
        """The results, one per job. `issuer` is the certificate that goes into each container as well."""
        words: list[str] = []
        lock = BestAvailableEncryption(_PASSWORD.encode())
        for number, job in enumerate(jobs):
            store, output = self._directory / f"{number}.p12", self._directory / f"{number}.out"
            entry = pkcs12.serialize_key_and_certificates(
                b"key", job.holder.key, job.holder.certificate, [issuer], lock
            )
            store.write_bytes(entry)
            source = self._directory / f"{job.content}.out"
            if isinstance(job.content, bytes):
                source = self._directory / f"{number}.in"
                source.write_bytes(job.content)
            words += [job.kind, str(store), _PASSWORD, str(source), str(output), job.field]
        command = [java(), "-cp", f"{self._jars}/*", str(_PROGRAM), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
        if "jdk.compiler" in done.stderr:
            raise CannotStart(
                "This Java has no compiler.", "Install a JDK (Debian: `apt install default-jdk-headless`)."
            )
        assert done.returncode == 0, done.stderr
        return [(self._directory / f"{number}.out").read_bytes() for number in range(len(jobs))]


@pytest.fixture
def dss(request: pytest.FixtureRequest, tmp_path: Path) -> Software:
    """DSS, fetched at first need. Where it cannot run the test is skipped, loudly, unless CI forbids that."""
    try:
        java()
        found = request.config.stash[SERVERS].once("dss", lambda: {"jars": str(DSS.fetched(silent))})
    except CannotStart as obstacle:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            raise
        request.config.stash[SERVERS].not_proven(f"that other software's signatures are accepted: {obstacle}")
        pytest.skip(f"DSS cannot run: {obstacle}")
    return Software(Path(found["jars"]), tmp_path)
