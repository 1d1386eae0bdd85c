"""Java programs fetched once by Maven into the user's cache, shared between clones, byte for byte as recorded."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.failures import CannotStart, explain

OLDEST_JAVA = 17
Report = Callable[[str], None]


@dataclass(frozen=True)
class Jars:
    """The jars of one program: its recipe (a ``pom.xml`` that names ``<key>.version``) and their recorded checksums.

    ``name`` is what people call it.
    """

    name: str
    key: str
    pom: Path
    checksums: Path

    def version(self) -> str:
        match = re.search(rf"<{self.key}\.version>(.+?)</{self.key}\.version>", self.pom.read_text(encoding="utf-8"))
        if match is None:
            raise ValueError(f"{self.pom.name} names no {self.key}.version")
        return match.group(1)

    def directory(self) -> Path:
        """Where they are kept, whether they have been fetched or not."""
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        recipe = hashlib.sha256(self.pom.read_bytes()).hexdigest()[:8]
        return home / "sportello" / f"{self.key}-{self.version()}-{recipe}"

    def fetched(self, report: Report) -> Path:
        """Directory with all jars, fetched when this recipe was never fetched before; ``report`` hears progress."""
        place = self.directory()
        if place.is_dir():
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
        try:
            self._fetch(scratch, report)
            self.check(scratch)
            scratch.chmod(0o755)
            if not place.is_dir():  # another clone may have been quicker
                scratch.rename(place)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return place

    def check(self, place: Path) -> None:
        """Raises CannotStart for jars that are not, byte for byte, the ones this version was tested with."""
        recorded = (line.split() for line in self.checksums.read_text(encoding="utf-8").splitlines())
        expected = {name: digest for digest, name in recorded}
        found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in place.glob("*.jar")}
        different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        if different:
            raise CannotStart(
                f"{self.name}'s jars are not the expected ones: {', '.join(different[:3])}.",
                "Remove them from the local Maven repository and try again.",
            )

    def _fetch(self, target: Path, report: Report) -> None:
        report(f"Fetching {self.name} {self.version()}")
        command = [maven(), "--batch-mode", "--file", str(self.pom), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={target}"]
        said: list[str] = []
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            for line in process.stdout or ():
                said.append(line)
                fetched = re.search(r"Downloaded from .*/([^/ ]+\.jar) ", line)
                if fetched:
                    report(f"Fetched {fetched.group(1)}")
        if process.returncode != 0:
            raise self._why_not_fetched("".join(said))

    def _why_not_fetched(self, said: str) -> CannotStart:
        failure = explain(f"Fetching {self.name}", said)
        if "disk is full" in failure.what:
            return failure
        reason = next((line.removeprefix("[ERROR] ") for line in said.splitlines() if line.startswith("[ERROR]")), "")
        return CannotStart(
            f"{self.name} could not be fetched: {reason[:300] or 'Maven gave no reason'}",
            "Look at the network, or at the mirror in Maven's settings, and try again.",
        )


def java() -> str:
    """Path of a Java that is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        raise CannotStart(
            "Java is missing, so the real Apache Kafka cannot run.",
            f"Install a Java runtime of version {OLDEST_JAVA} or newer (Debian: `apt install default-jre-headless`).",
        )
    version = java_version(found)
    if version < OLDEST_JAVA:
        raise CannotStart(
            f"Java {version} is too old for Apache Kafka.",
            f"Install version {OLDEST_JAVA} or newer, or point JAVA_HOME at one.",
        )
    return found


def java_version(binary: str) -> int:
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(match.group(1)) if match else 0


def maven() -> str:
    found = shutil.which("mvn")
    if found is None:
        raise CannotStart(
            "Maven is missing, so Apache Kafka cannot be fetched.",
            "Install it (Debian: `apt install maven`).",
        )
    return found


KAFKA = Jars(
    "Apache Kafka",
    "kafka",
    Path(__file__).with_name("pom.xml"),
    Path(__file__).with_name("kafka-jars.sha256"),
)
