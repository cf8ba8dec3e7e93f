#!/usr/bin/env bash
# Brings what pip cannot: a Chromium for the tests that look at pages, and nothing where there is one already.
set -euo pipefail
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null
  exit 0
fi
echo "tests/prepare.sh: no Chromium here; install one (Debian: apt-get install chromium)" >&2
exit 1
