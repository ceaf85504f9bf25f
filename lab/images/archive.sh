# How a root file system becomes an image of the lab. Sourced, needs common.sh.

# furnish ROOT SOURCE: busybox's applets (those that ROOT has no other program for) and
# the few files that programs look for.
furnish() {
  local root=$1 applet
  [ "$1" = "$2" ] || cp "$2/bin/busybox" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  mkdir -p "$root/tmp" "$root/root" "$root/proc" "$root/sys" "$root/dev"
  chmod 1777 "$root/tmp"
}

# archive ROOT NAME CMD: a Docker image with one layer, on stdout.
archive() {
  local root=$1 name=$2 command=$3 layer digest config
  layer=$root.image
  mkdir "$layer"
  tar --create --file="$layer/layer.tar" --directory="$root" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 .
  digest=$(sha256sum "$layer/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":["PATH=%s"],"Cmd":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z"}]}' \
    "$(dpkg --print-architecture)" /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$command" "$digest" >"$layer/config"
  # Docker names an image after the digest of this document.
  config=$(sha256sum "$layer/config" | cut -d' ' -f1)
  mv "$layer/config" "$layer/$config.json"
  printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$name" >"$layer/manifest.json"
  tar --create --directory="$layer" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 .
  rm -r "$layer"
}
