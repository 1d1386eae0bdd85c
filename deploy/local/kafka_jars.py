"""Apache Kafka's jars: fetched once by Maven into the user's cache, shared between clones."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local.failures import CannotStart, explain

POM = Path(__file__).with_name("pom.xml")
CHECKSUMS = Path(__file__).with_name("kafka-jars.sha256")
OLDEST_JAVA = 17
Report = Callable[[str], None]


def java() -> str:
    """Path of a Java that Kafka's broker runs on."""
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


def version() -> str:
    match = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError("pom.xml names no kafka.version")
    return match.group(1)


def cache_directory() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    recipe = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    return home / "sportello" / f"kafka-{version()}-{recipe}"


def jars(report: Report) -> Path:
    """Directory with all jars, fetched when this recipe was never fetched before; ``report`` hears progress."""
    place = cache_directory()
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
    try:
        _fetch(scratch, report)
        _check(scratch)
        scratch.chmod(0o755)
        if not place.is_dir():  # another clone may have been quicker
            scratch.rename(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return place


def _fetch(target: Path, report: Report) -> None:
    report(f"Fetching Apache Kafka {version()}")
    command = [maven(), "--batch-mode", "--file", str(POM), "dependency:copy-dependencies"]
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
        raise _why_not_fetched("".join(said))


def _why_not_fetched(said: str) -> CannotStart:
    failure = explain("Fetching Apache Kafka", said)
    if "disk is full" in failure.what:
        return failure
    reason = next((line.removeprefix("[ERROR] ") for line in said.splitlines() if line.startswith("[ERROR]")), "")
    return CannotStart(
        f"Apache Kafka could not be fetched: {reason[:300] or 'Maven gave no reason'}",
        "Look at the network, or at the mirror in Maven's settings, and try again.",
    )


def _check(place: Path) -> None:
    """Refuse jars that are not, byte for byte, the ones this version was tested with."""
    recorded = (line.split() for line in CHECKSUMS.read_text(encoding="utf-8").splitlines())
    expected = {name: digest for digest, name in recorded}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in place.glob("*.jar")}
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if different:
        raise CannotStart(
            f"Apache Kafka's jars are not the expected ones: {', '.join(different[:3])}.",
            "Remove them from the local Maven repository and run `make up` again.",
        )
