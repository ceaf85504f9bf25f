# The application as the nodes see it: built, and installed into the lab. Sourced, needs settings.sh.
# shellcheck shell=bash

# app_sources_digest: of everything that decides what is installed.
app_sources_digest() {
  (
    cd "$PROJECT" || exit
    find src oci -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    sha256sum package.json package-lock.json tsconfig*.json
    stat -c '%a %n' oci/* # a wrapper that lost its executable bit is another one
  ) | sha256sum | cut -d' ' -f1
}

app_build() { npm run --silent --prefix "$PROJECT" build; }

# app_install: into the directory that the nodes have mounted: its inode must stay the same,
# so that it is filled, never replaced. Call it while nothing runs from it.
app_install() {
  local staging=$LAB_DIR/app.staging
  rm -rf "$staging"
  mkdir -p "$staging/bin" "$APP_DIR"
  cp "$PROJECT/node_modules/node/bin/node" "$staging/bin/"
  cp -a "$PROJECT/dist" "$PROJECT/oci" "$staging/"
  _app_production_modules | rsync -a -r --files-from=- "$PROJECT/" "$staging/"
  rsync -a --delete --checksum "$staging/" "$APP_DIR/"
  rm -rf "$staging"
}

# The packages that run with the application, as paths relative to the project.
_app_production_modules() {
  local paths
  # It exits with 1 for any quirk of the tree (an extraneous package): what counts is the list.
  paths=$(cd "$PROJECT" && npm ls --omit=dev --all --parseable 2>/dev/null) || true
  paths=$(printf '%s\n' "$paths" | sed -n "s|^$PROJECT/||p" | LC_ALL=C sort -u)
  [ -n "$paths" ] || die "npm ls names no production package in $PROJECT/node_modules: run make install"
  printf '%s\n' "$paths"
}
