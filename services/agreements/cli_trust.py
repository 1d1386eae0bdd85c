"""`sportello agreements trust …`: whom signatures made outside may stand on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.agreements.settings import AgreementsSettings

# The signature library takes a second to load: only who asks about trust waits for it.
if TYPE_CHECKING:
    from services.agreements.documents.trust_files import TrustFiles

app = typer.Typer(no_args_is_help=True, help="Trusted lists, roots and revocation lists for outside signatures.")
Directory = Annotated[Path | None, typer.Option(help="directory to read instead of the one in the settings")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object")]


@app.command("list")
def show(directory: Directory = None, as_json: AsJson = False) -> None:
    """Show every list, root and revocation list, with how long each holds."""
    found = _plain(_read(directory))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found["lists"]:
        typer.echo(f"{one['file']}: {one['territory']} no. {one['sequence']}, {one['services']} services,")
        typer.echo(f"  next update {one['next_update']}")
    for one in found["roots"]:
        typer.echo(f"{one['kind']}: {one['name']}, valid until {one['until']}")
    for one in found["crls"]:
        typer.echo(f"{one['file']}: {one['issuer']}, next update {one['next_update']}")
    if not any(found.values()):
        typer.echo("nobody outside is trusted: set SPORTELLO_AGREEMENTS_TRUST_LISTS to a directory")


@app.command()
def check(directory: Directory = None, as_json: AsJson = False) -> None:
    """Say what cannot be read or is out of date; exits with 1 when there is anything."""
    files, now = _read(directory), datetime.now(UTC)
    complaints = files.complaints(now)
    if as_json:
        typer.echo(json.dumps({"ok": not complaints, "complaints": complaints}))
    else:
        for one in complaints or ["everything is readable and up to date"]:
            typer.echo(one)
    if complaints:
        raise typer.Exit(1)


def _read(directory: Path | None) -> TrustFiles:
    from services.agreements.documents.trust_files import TrustFiles, read_trust_files

    chosen = directory or AgreementsSettings().agreements_trust_lists
    return read_trust_files(chosen) if chosen else TrustFiles()


def _plain(files: TrustFiles) -> dict[str, list[dict[str, Any]]]:
    from services.agreements.documents.verification.trust import certificate_of

    kinds = (("root", files.roots), ("time stamp root", files.stamps), ("chain", files.chain))
    return {
        "lists": [
            {
                "file": one.file,
                "territory": one.territory,
                "sequence": one.sequence,
                "services": len(one.services),
                "issued_at": one.issued_at.isoformat(),
                "next_update": one.next_update.isoformat() if one.next_update else None,
            }
            for one in files.lists
        ],
        "roots": [
            {"kind": kind, "name": certificate.subject.human_friendly, "until": certificate.not_valid_after.isoformat()}
            for kind, encoded in kinds
            for certificate in map(certificate_of, encoded)
        ],
        "crls": [
            {
                "file": one.file,
                "issuer": one.issuer,
                "next_update": one.next_update.isoformat() if one.next_update else None,
            }
            for one in files.crls
        ],
        "problems": [{"problem": one} for one in files.problems],
    }
