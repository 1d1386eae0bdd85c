"""Asks the service in this container for ``healthz`` or ``readyz``; exit code 0 when it answers with 200."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

TIMEOUT = 4.0
"""Seconds; below the engine's own limit, so that the reason is printed."""


def address(what: str) -> str:
    port, service = os.environ["SPORTELLO_HTTP_PORT"], os.environ["SPORTELLO_SERVICE"]
    return f"http://127.0.0.1:{port}/{service}/{what}"


def main(what: str) -> int:
    try:
        with urllib.request.urlopen(address(what), timeout=TIMEOUT) as answer:  # noqa: S310 - always http, to itself
            return 0 if answer.status == 200 else 1
    except urllib.error.HTTPError as refused:
        print(refused.read(2000).decode(errors="replace"))  # the report names the check that failed
    except OSError as failure:
        print(failure)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
