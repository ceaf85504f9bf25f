# Debian packages into the lab's cache without touching the machine: an apt of our
# own (lists, cache and sources in one directory) that uses the machine's mirror.
# Sourced, needs common.sh.
# shellcheck shell=bash

# The suite that ships Kubernetes 1.20 and etcd 3.4, whatever runs this machine.
# shellcheck disable=SC2034 # for those who source this file
CONTROL_PLANE_SUITE=bookworm

# Prints "<URI> <keyring or ->" of the main Debian archive, read from the machine's own
# apt configuration: the first source whose suite is the release that the machine runs.
debian_mirror() {
  local codename found
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  found=$(
    shopt -s nullglob
    # One-line style: deb [options] URI suite components…
    cat /dev/null /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk -v suite="$codename" '
      $1 == "deb" {
        key = "-"; field = 2
        if ($2 ~ /^\[/) {
          while ($field !~ /\]$/) field++
          options = ""; for (i = 2; i <= field; i++) options = options " " $i
          if (match(options, /signed-by=[^] ]+/)) key = substr(options, RSTART + 10, RLENGTH - 10)
          field++
        }
        if ($(field + 1) == suite) print $field, key
      }'
    # deb822 style: stanzas of "Field: value"
    for file in /etc/apt/sources.list.d/*.sources; do
      awk -v suite="$codename" '
        function flush() { if (types ~ / deb / && suites ~ (" " suite " ") && enabled != "no") print uri, (key == "" ? "-" : key)
                           types = suites = uri = key = enabled = "" }
        /^[ \t]*$/ { flush(); next }
        /^#/ { next }
        tolower($1) == "types:" { $1 = ""; types = $0 " " }
        tolower($1) == "suites:" { $1 = ""; suites = $0 " " }
        tolower($1) == "uris:" { uri = $2 }
        tolower($1) == "signed-by:" && NF == 2 { key = $2 }
        tolower($1) == "enabled:" { enabled = tolower($2) }
        END { flush() }' "$file"
    done
  )
  [ -n "$found" ] || die "no source for Debian '$codename' in /etc/apt/sources.list or /etc/apt/sources.list.d: \
the lab takes its packages from the mirror configured there"
  printf '%s\n' "$found" | head -n 1
}

# private_apt_prepare DIR SUITE: makes and updates an apt of our own in DIR.
private_apt_prepare() {
  local dir=$1 suite=$2 uri key options=''
  read -r uri key < <(debian_mirror)
  [ -n "$uri" ] || return 1
  [ "$key" = - ] || options="[signed-by=$key] "
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  : >"$dir/status"
  printf '%s\n' "deb $options$uri $suite main" "deb-src $options$uri $suite main" >"$dir/sources.list"
  private_apt "$dir" -get update
}

# private_apt DIR -get|-cache arguments…
private_apt() {
  local dir=$1 tool=apt$2
  shift 2
  # A suite's release file may have expired on a mirror that is a snapshot. What is installed
  # on the machine (often from another suite) must not decide which version is downloaded.
  "$tool" -q -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o APT::Sandbox::User=root "$@"
}

# private_apt_extract DIR TARGET package…: unpacks packages (not their dependencies,
# not their maintainer scripts: nothing is installed, no service starts) into TARGET.
private_apt_extract() {
  local dir=$1 target=$2 debs deb
  shift 2
  mkdir -p "$target"
  debs=$(mktemp -d "$dir/debs.XXXXXX")
  (cd "$debs" && private_apt "$dir" -get download "$@")
  for deb in "$debs"/*.deb; do dpkg -x "$deb" "$target"; done
  rm -r "$debs"
}
