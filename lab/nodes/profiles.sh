# The kinds of node: which Debian release their root file system comes from. Sourced.
#
#   docker28  forky: Docker 28.5, containerd 2.1, runc 1.3, criu 4.2: the current Engine
#   docker26  trixie: Docker 26.1, containerd 1.7, runc 1.1; its criu 4.1 cannot dump any
#             inet socket on kernels >= 6.16, so forky's criu 4.2 is put over it

PROFILES=(docker28 docker26)

# profile_load NAME: sets PROFILE_SUITE, and PROFILE_CRIU_SUITE when criu comes from another one.
profile_load() {
  PROFILE_CRIU_SUITE=''
  case $1 in
    docker28) PROFILE_SUITE=forky ;;
    docker26) PROFILE_SUITE=trixie PROFILE_CRIU_SUITE=forky ;;
    *) die "there is no node profile '$1': LAB_PROFILE is one of: ${PROFILES[*]}" ;;
  esac
}

# What a node has beyond a minimal Debian: the Engine, CRIU, what both call (iptables,
# iproute2, procps), and what the agent needs to carry files with all their attributes.
PROFILE_PACKAGES=(docker.io docker-cli containerd runc criu iptables iproute2 procps tar attr acl ca-certificates)

# The root file system of a node of profile $1, in the cache. The name changes with
# what is in it, so that a cache made by an older recipe is not taken for this one.
profile_root() {
  local key
  key=$(cat "$LAB_SOURCE"/nodes/{profiles.sh,build-root} "$LAB_SOURCE/lib/bootstrap.sh" | sha256sum | cut -c1-8)
  printf '%s/roots/%s-%s\n' "$CACHE_DIR" "$1" "$key"
}
