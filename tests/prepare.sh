#!/usr/bin/env bash
# Brings what pip cannot, and nothing that is there already: a Chromium for the tests that look at pages, SpamAssassin,
# node, and what tests/clients/ asks of the npm registry. Says what is missing where it may not install it.
set -euo pipefail
cd "$(dirname "$0")"

has() { command -v "$1" >/dev/null; }
has_chromium() { has chromium || has chromium-browser || has google-chrome; }
has_node() { has npm && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]; }

packages=()
has_chromium || packages+=(chromium fonts-noto-core fonts-noto-color-emoji)
has spamassassin || packages+=(spamassassin)
has_node || packages+=(nodejs npm)

if [ "${#packages[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

missing=()
has_chromium || missing+=("Chromium (Debian: apt-get install chromium)")
has spamassassin || missing+=("SpamAssassin (Debian: apt-get install spamassassin)")
has_node || missing+=("node 20 or newer with npm (Debian 13: apt-get install nodejs npm; else https://nodejs.org)")
if [ "${#missing[@]}" -gt 0 ]; then
  printf 'tests/prepare.sh: missing here, and the suite skips nothing: %s\n' "${missing[@]}" >&2
  exit 1
fi

cd clients
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
