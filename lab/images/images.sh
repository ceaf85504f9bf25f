# The lab's images on its nodes. Sourced, needs common.sh and node.sh.

# The archives in the cache; the name changes with what is in them.
images_place() {
  local key
  key=$(cat "$LAB_SOURCE"/images/{build,archive.sh} "$LAB_SOURCE/lib/bootstrap.sh" | sha256sum | cut -c1-8)
  printf '%s/images/%s\n' "$CACHE_DIR" "$key"
}

# images_load NODE: those that the node lacks.
images_load() {
  local archive
  for archive in "$(images_place)"/*.tar; do
    _image_present "$1" "$archive" || node_run "$1" docker load --quiet <"$archive"
  done
}

# images_present NODE: all of them, by ID.
images_present() {
  local archive
  for archive in "$(images_place)"/*.tar; do _image_present "$1" "$archive" || return 1; done
}

_image_present() {
  local id name
  IFS='|' read -r id name < <(tar -xOf "$2" ./manifest.json | jq -r '.[0] | "\(.Config | rtrimstr(".json"))|\(.RepoTags[0])"')
  [ "$(node_run "$1" timeout 10 docker image inspect --format '{{.Id}}' "$name" 2>/dev/null)" = "sha256:$id" ]
}
