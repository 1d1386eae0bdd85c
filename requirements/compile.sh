#!/bin/sh
# Locks the dependencies of pyproject.toml with hashes and without the address of any index (`make lock`).
# Nothing is upgraded unless asked: `make lock UPGRADE=--upgrade`, or `UPGRADE="--upgrade-package asyncpg"`.
set -eu
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    python3 -m venv "$tools"
    "$tools/bin/pip" --disable-pip-version-check install --quiet uv
    uv=$tools/bin/uv
fi

# design-django-theme is used for its static files alone: Django would never be imported.
lock() {
    output=$1
    shift
    "$uv" pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
        --no-emit-package django --no-emit-package sqlparse \
        ${UPGRADE:-} pyproject.toml "$@" --output-file "requirements/$output"
}

# One version of everything everywhere: what all extras together allow is what each of them gets.
lock dev.txt --all-extras
lock runtime.txt --constraint requirements/dev.txt
lock agreements.txt --extra agreements --constraint requirements/dev.txt
lock matching.txt --extra matching --constraint requirements/dev.txt
