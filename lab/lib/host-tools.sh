# Programs of the nodes for use on the host. Sourced, needs common.sh and profiles.sh.

# host_tools_install PROFILE: $LAB_DIR/bin/docker, the client of the same release as the
# nodes' daemon. The host's libc is older than it needs: it brings its own along.
host_tools_install() {
  local root tool=$LAB_DIR/bin/docker
  root=$(profile_root "$1")
  mkdir -p "$LAB_DIR/bin"
  cat >"$tool.new" <<SCRIPT
#!/bin/sh
exec $root/lib64/ld-linux-x86-64.so.2 --library-path $root/usr/lib/x86_64-linux-gnu $root/usr/bin/docker "\$@"
SCRIPT
  chmod +x "$tool.new"
  mv "$tool.new" "$tool"
}
