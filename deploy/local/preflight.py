"""What this machine must have, each point with a sentence that says what to do when it is lacking."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from deploy.local import caddy
from deploy.local.failures import CannotStart
from deploy.local.jars import KAFKA, java, java_version, maven
from deploy.local.layout import Home, Ports
from deploy.local.ports import holder, is_free
from deploy.local.postgres import INSTALLATION, installation

OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 2_000_000_000
NEEDED_FIRST_TIME = 500_000_000
Verdict = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One point looked at. A ``failure`` keeps `up` from starting; a ``warning`` does not."""

    subject: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(home: Home, ports: Ports, *, running: bool) -> list[Finding]:
    """All findings; ports count only while we do not hold them ourselves."""
    findings = [_python(), _system(), _postgres(), _java(), _maven(), _caddy(), _disk(home.root), _memory()]
    if not running:
        findings.extend(_ports(ports))
    return findings


def failures(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict == "failure"]


def _python() -> Finding:
    found = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", "failure", found, "Install Python 3.11 or newer, remove .venv and run `make up`.")
    return Finding("Python", "ok", found)


def _system() -> Finding:
    found = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    if platform.system() != "Linux":
        return Finding("System", "warning", found, "Only Linux is tested; use `docker compose up` if this fails.")
    return Finding("System", "ok", found)


def _postgres() -> Finding:
    try:
        installation()
    except CannotStart as missing:
        return Finding("PostgreSQL", "failure", missing.what, missing.advice)
    return Finding("PostgreSQL", "ok", f"embedded ({INSTALLATION.removeprefix('pginstall')})")


def _java() -> Finding:
    try:
        binary = java()
    except CannotStart as missing:
        return Finding("Java", "warning", missing.what, f"{missing.advice} Until then Kafka is an in-memory stand-in.")
    return Finding("Java", "ok", f"{java_version(binary)} ({binary})")


def _maven() -> Finding:
    if KAFKA.directory().is_dir():
        return Finding("Kafka's jars", "ok", f"cached in {KAFKA.directory()}")
    try:
        maven()
    except CannotStart as missing:
        return Finding("Maven", "warning", missing.what, f"{missing.advice} Until then Kafka is an in-memory stand-in.")
    return Finding("Kafka's jars", "ok", "will be fetched once by Maven (45 MB)")


def _caddy() -> Finding:
    try:
        return Finding("Caddy", "ok", caddy.binary())
    except CannotStart as missing:
        return Finding("Caddy", "failure", missing.what, missing.advice)


def _disk(root: Path) -> Finding:
    place = next(parent for parent in (root, *root.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free at {place}"
    if free < NEEDED_FIRST_TIME:
        return Finding("Disk", "failure", found, f"Free at least {NEEDED_BYTES / 1e9:.0f} GB there and try again.")
    if free < NEEDED_BYTES:
        return Finding("Disk", "warning", found, "It will soon be full: free some space there.")
    return Finding("Disk", "ok", found)


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    found = f"{available / 1e9:.1f} GB available"
    if available < 1_500_000_000:
        return Finding("Memory", "warning", found, "Sportello takes about 1.3 GB; close something large.")
    return Finding("Memory", "ok", found)


def _ports(ports: Ports) -> Iterator[Finding]:
    wanted = {**ports.listening(), ports.kafka: "Kafka", ports.kafka + 1: "Kafka's controller"}
    taken = {port: user for port, user in wanted.items() if not is_free(port)}
    if not taken:
        yield Finding("Ports", "ok", f"{min(wanted)} to {max(wanted)} are free where we need them")
    for port, user in taken.items():
        advice = "Stop that process, or move all ports together: `sportello up --port-offset 1000`."
        yield Finding("Ports", "failure", f"{port}, which {user} needs, is in use by {holder(port)}.", advice)
