"""``python -m deploy.keycloak [--check]``: writes realm.json from deploy/personas.json, or says it is out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deploy.keycloak.realm import realm

HERE = Path(__file__).parent
PERSONAS = HERE.parent / "personas.json"
TARGET = HERE / "realm.json"


def generated() -> str:
    personas = json.loads(PERSONAS.read_text(encoding="utf-8"))
    return json.dumps(realm(personas), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == generated():
            return 0
        print("deploy/keycloak/realm.json is out of date: run python -m deploy.keycloak.")
        return 1
    TARGET.write_text(generated(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
