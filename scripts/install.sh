#!/usr/bin/env bash
# Installs the npm packages of package-lock.json, unless they are there. npm's own output is shown when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# npm writes this file at the end of an installation.
done=node_modules/.package-lock.json
if [ -e "$done" ] && [ ! package-lock.json -nt "$done" ]; then exit; fi

command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, which brings it" >&2; exit 1; }
# To npm the `engines` of package.json are worth no more than a warning, which nobody would see here.
version=$(node --version)
major=${version#v}
major=${major%%.*}
if [ "$major" -lt 20 ]; then
  echo "Node.js $version is too old: install version 20 or newer (the nodejs package of Debian 12 is 18)" >&2
  exit 1
fi
echo "installing the npm packages" >&2
# Not `npm ci`: it wants every optional package of other platforms in the lock file, and a mirror that lacks some of
# them makes lock files without. This installs what is locked all the same, and never writes the lock file.
if ! output=$(npm install --no-save --no-fund --no-audit 2>&1 </dev/null); then
  printf '%s\n' "$output" "npm install failed, see above" >&2
  exit 1
fi
