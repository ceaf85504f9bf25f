# The Debian packages that the lab's scripts call. Sourced, needs common.sh.

LAB_PACKAGES=(mmdebstrap iproute2 iptables jq util-linux tar ca-certificates)

packages_install() {
  local package missing=()
  for package in "${LAB_PACKAGES[@]}"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] || step "Debian packages: ${missing[*]}" _packages_get "${missing[@]}"
}

_packages_get() {
  # Another apt may be at work: wait for it rather than fail.
  apt-get --quiet -o DPkg::Lock::Timeout=300 update
  apt-get --quiet --yes -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"
}
