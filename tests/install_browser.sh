#!/bin/sh
# Finds Chromium for the page tests; as root on Debian it is installed. Without it those tests are skipped, loudly.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the page tests (once)" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium fonts-liberation >/dev/null
else
    echo "No Chromium was found: the page tests will be skipped. Install it (Debian: apt install chromium)." >&2
fi
