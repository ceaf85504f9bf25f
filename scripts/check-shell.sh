#!/usr/bin/env bash
# Lints every shell script of the project; installs shellcheck from the machine's mirror when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v shellcheck >/dev/null; then
  [ "$(id -u)" -eq 0 ] || { echo "shellcheck is missing: apt-get install shellcheck" >&2; exit 1; }
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends shellcheck; } </dev/null
fi

# Most scripts have no suffix: they are known by their first line. A library has none; it is sourced by bash.
scripts=() libraries=()
while IFS= read -r -d '' file; do
  if head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh\b'; then
    scripts+=("$file")
  elif [[ $file == *.sh ]]; then
    libraries+=("$file")
  fi
done < <(find .ci lab oci scripts test -type f -print0 | LC_ALL=C sort -z)
[ ${#scripts[@]} -gt 0 ] || { echo "no shell script found: is this the project's directory?" >&2; exit 1; }

code=0
shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}" || code=1
# A library's variables are for those who source it (SC2034).
shellcheck --shell=bash --exclude=SC2034 --external-sources --source-path=SCRIPTDIR "${libraries[@]}" || code=1
exit "$code"
