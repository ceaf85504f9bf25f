#!/usr/bin/env bash
# The steps of the freeze window and nothing else. Arguments: the source's Docker socket, the pid of its first process,
# the target's socket, name and ID of the container, its directory on the volume. Prints "STEP TIME" when each is done.
set -euo pipefail
source=$1 pid=$2 target=$3 name=$4 id=$5 directory=$6
mark() { printf '%s %s\n' "$1" "$EPOCHREALTIME"; }

mark begin
docker --host "$source" pause "$name" >/dev/null
mark freeze
nsenter --target="$pid" --mount --uts --pid --net -- runc --root /run/docker/runtime-runc/moby checkpoint --leave-running \
  --image-path "$directory/images" --work-path "$directory/dump" "$id"
mark dump
docker --host "$target" start "$name" >/dev/null
mark restore
