#!/usr/bin/env bash
# Runs every check of the project, or the named group (static, unit, integration, e2e), and goes on after a failure
# so that all of them are reported. The last line is `N passed, N failed`; fails when any failed or none ran.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
group=${1:-all}
export PATH=$PWD/node_modules/.bin:$PATH LC_ALL=C.UTF-8

# An interruption may come while stdout leads into a log.
exec 3>&1
reports=$(mktemp -d)
passed=0 failed=0
summary=''
# What is wrong, said once more at the end: of a long output a reader may have the end only.
faults=''
# What a failed part names here is not attempted by the parts that need it.
declare -A broken=()

# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  exec >&3
  [ "$code" -eq 0 ] || { echo "interrupted (exit $code)" >&2; failed=$((failed + 1)); }
  # A test that still runs ends with its children: `timeout` passes the signal on.
  # shellcheck disable=SC2046 # one word a process
  kill -TERM $(jobs -p) 2>/dev/null
  rm -rf "$reports"
  [ -z "$faults" ] || printf '\n── what failed, or not at once passed\n%s' "$faults"
  printf '\n%-34s %8s %8s %8s\n%s\n' part passed failed seconds "$summary"
  [ $((passed + failed)) -gt 0 ] || failed=1
  printf '%s passed, %s failed\n' "$passed" "$failed"
  # With its own status: a bare exit would repeat the one from before the trap.
  [ "$failed" -eq 0 ] && exit 0
  exit 1
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# record NAME PASSED FAILED SECONDS
record() {
  passed=$((passed + $2)) failed=$((failed + $3))
  summary+=$(printf '%-34s %8s %8s %8s' "$@")$'\n'
}

# remember NAME FILE: the lines of its output that say what is wrong, or else the last ones.
remember() {
  local lines
  lines=$(grep -aE '^[[:space:]]*(✗|⚠|●|FAIL |[^ ]*[Ee]rror:)' "$2" | head -n 20)
  [ -n "$lines" ] || lines=$(tail -n 10 "$2")
  faults+=$(printf '%s\n' "$1" && printf '%s\n' "$lines" | cut -c 1-1000 | sed 's/^/    /')$'\n'
}

heading() { printf '\n── %s\n' "$1"; }

# within SECONDS command…: in the background of this shell, so that a signal is handled at once.
within() {
  # Descriptor 3 would stay open in the lab's services, and whoever reads our output would wait for their end.
  timeout --kill-after=30 "$@" </dev/null 3>&- &
  wait $!
}

# check NAME SECONDS command…: counts as one. Its output is shown when it fails.
check() {
  local name=$1 started=$SECONDS log=$reports/log
  shift
  if within "$@" >"$log" 2>&1; then
    printf '✓ %s\n' "$name"
    record "$name" 1 0 $((SECONDS - started))
  else
    printf '✗ %s (exit %s)\n' "$name" $?
    sed 's/^/    /' "$log"
    remember "$name" "$log"
    record "$name" 0 1 $((SECONDS - started))
    return 1
  fi
}

# stage NAME SECONDS command…: counts as one. Its output, which shows progress, is shown as it comes.
stage() {
  local name=$1 started=$SECONDS log=$reports/log code
  shift
  heading "$name"
  : >"$log"
  # No pipe: what the stage leaves running would hold its end open, and be waited for.
  tail --follow --lines=+1 --sleep-interval=0.1 --pid=$$ "$log" 3>&- &
  local shown=$!
  within "$@" >"$log" 2>&1
  code=$?
  # What was written last is shown.
  sleep 0.3
  kill "$shown" 2>/dev/null
  wait "$shown" 2>/dev/null
  if [ "$code" -eq 0 ]; then
    record "$name" 1 0 $((SECONDS - started))
    if grep -aq '^⚠' "$log"; then remember "$name" "$log"; fi
  else
    printf '✗ %s (exit %s)\n' "$name" "$code"
    remember "$name" "$log"
    record "$name" 0 1 $((SECONDS - started))
    return 1
  fi
}

# tests NAME PROJECT SECONDS [option of jest…]: counts as many as jest counts.
tests() {
  local name=$1 project=$2 limit=$3 started=$SECONDS report=$reports/jest.json counts
  shift 3
  heading "$name"
  if [ -n "${broken[lab]:-}" ] && [ "$project" != unit ]; then
    echo "✗ not run: ${broken[lab]}"
    record "$name" 0 1 0
    return 1
  fi
  rm -f "$report"
  within "$limit" jest --selectProjects "$project" --json --outputFile "$report" "$@" >"$reports/stdout"
  ts-node scripts/jest-counts.ts "$report" $? >"$reports/counts"
  counts=$(head -n 1 "$reports/counts")
  [ "${counts#* }" = 0 ] || { tail -n +2 "$reports/counts" >"$reports/log"; remember "$name" "$reports/log"; }
  # shellcheck disable=SC2086 # two words
  record "$name" $counts $((SECONDS - started))
}

static_checks() {
  heading "static checks"
  check "format" 300 prettier --check --log-level warn .
  check "lint" 600 eslint . --max-warnings 0
  check "types" 300 tsc -p tsconfig.json --noEmit
  check "import rules" 300 npm run --silent imports
  check "generated files" 300 npm run --silent generate:check
  check "build" 300 tsc -p tsconfig.build.json --noEmit
  check "shell scripts" 900 scripts/check-shell.sh
}

lab() {
  local profile=$1
  unset 'broken[lab]'
  stage "lab up, $profile" 5400 lab/up --profile "$profile" --nodes 2 --replace \
    && stage "deploy, $profile" 900 lab/deploy \
    || broken[lab]="the lab ($profile) is not up, or the operator does not run in it; see above"
}

# lab_stage NAME SECONDS command…: a stage that needs the lab.
lab_stage() {
  if [ -z "${broken[lab]:-}" ]; then stage "$@"; return; fi
  heading "$1"
  echo "✗ not run: ${broken[lab]}"
  record "$1" 0 1 0
}

in_group() { [ "$group" = all ] || [ "$group" = "$1" ]; }

case $group in
  all | static | unit | integration | e2e) ;;
  *) echo "unknown group '$group': static, unit, integration or e2e" >&2; failed=1; exit 0 ;;
esac
if ! check "npm packages" 1200 scripts/install.sh; then exit 0; fi
if in_group static; then static_checks; fi
if in_group unit; then tests "unit" unit 900; fi
# A lab that somebody played in, or that an interrupted run has spoilt, is no place for a test.
if [ "$group" = all ]; then stage "earlier lab down" 300 lab/down; fi
if in_group integration || in_group e2e; then lab docker28; fi
if in_group integration; then
  tests "integration, docker28" integration 1800 --runInBand
  lab_stage "CRD on a current API server" 3600 \
    lab/crd-current/check crds/*.yaml lab/crd-current/samples
fi
if in_group e2e; then
  tests "e2e, docker28" e2e 3600 --runInBand
  # A sixth of what `make conformance` does.
  lab_stage "conformance (fast), docker28" 600 ts-node test/conformance/main.ts --fast
  lab_stage "soak (short), docker28" 600 ts-node test/soak/run.ts --minutes 2 --seed 1
  # A tenth of what `make chaos` does, with every kind of fault in it.
  lab_stage "chaos, docker28" 1500 env FAULTS=35 test/chaos/run
  lab_stage "lab killed, mended, taken down" 900 test/lab/crash.sh
  lab docker26
  # What does not depend on the Engine is tried once: who leads, files of an enemy, what is refused beforehand, agents that
  # are killed and what they leave. They ask the Engine for nothing that the others do not ask this one for, too.
  tests "e2e, docker26" e2e 3600 --runInBand \
    --testPathIgnorePatterns failover hostile refusals preflight restarts leftovers
fi
if in_group integration || in_group e2e; then stage "lab down" 300 lab/down; fi
# The outcome is in the counts.
exit 0
