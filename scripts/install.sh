#!/usr/bin/env bash
# Installs the npm packages of package-lock.json, unless they are there. npm's own output is shown when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# npm writes this file at the end of an installation.
done=node_modules/.package-lock.json
if [ -e "$done" ] && [ ! package-lock.json -nt "$done" ]; then exit; fi

command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, which brings it" >&2; exit 1; }
echo "installing the npm packages (npm ci)" >&2
if ! output=$(npm ci --no-fund --no-audit 2>&1 </dev/null); then
  printf '%s\n' "$output" "npm ci failed, see above" >&2
  exit 1
fi
