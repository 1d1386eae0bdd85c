#!/bin/sh
# Makes .venv from the locked requirements, or brings it up to date; a second run has nothing to do.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

python=""
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    say "Python 3.11 or newer was not found."
    say "Install it (Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3."
    exit 1
fi

# Scripts in an environment know its place by heart: a moved clone needs a new one.
state="$(cat requirements/dev.txt pyproject.toml | sha256sum) $PWD $("$python" -c 'import sys; print(sys.version)')"
if [ -x .venv/bin/python ] && [ "$(cat .venv/installed 2>/dev/null)" = "$state" ]; then
    exit 0
fi

# An environment holds one clone, the one it was made for: installing here would turn it away from that one.
if [ -L .venv ] && [ -f .venv/installed ]; then
    case "$(cat .venv/installed)" in
    *" $PWD "*) ;;
    *)
        say ".venv is a link to another clone's environment ($(readlink .venv))."
        say "Remove the link (rm .venv): then this clone gets its own."
        exit 1
        ;;
    esac
fi

if [ -x .venv/bin/python ] && ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "The environment in .venv is broken; making it anew."
    rm -rf .venv
fi
if [ ! -x .venv/bin/python ]; then
    say "Making the Python environment in .venv (once)"
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        say "Python's venv module is missing. Install it (Debian: apt install python3-venv) and try again."
        exit 1
    fi
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }

say "Installing the locked packages (about 200 MB the first time)"
# At a terminal pip tells package by package what it does; in a log that would only be noise.
if [ -t 2 ]; then quiet=""; else quiet="--quiet"; fi
pip install $quiet --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt
pip install --quiet --quiet --no-deps --no-build-isolation --editable .
printf '%s' "$state" > .venv/installed
