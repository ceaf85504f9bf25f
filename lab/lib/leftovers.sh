# Finding and ending what the lab made, without trusting any record of it.
# Sourced, needs common.sh.

# processes_in_namespace net|pid|mnt FILE: the pids of all processes in the namespace that FILE is.
processes_in_namespace() {
  local process
  [ "$(stat --file-system --format=%T "$2" 2>/dev/null)" = nsfs ] || return 0
  for process in /proc/[0-9]*; do
    if [ "$process/ns/$1" -ef "$2" ]; then printf '%s\n' "${process#/proc/}"; fi
  done
}

# processes_of_lab: the pids of all processes that were started as a service of this lab.
processes_of_lab() {
  local file
  for file in /proc/[0-9]*/environ; do
    if grep -qzxF "TRANSSHIP_LAB_OWNER=$LAB_DIR" "$file" 2>/dev/null; then
      file=${file#/proc/}
      printf '%s\n' "${file%/environ}"
    fi
  done
}

# cgroup_dirs NAME: the directories of cgroup /NAME in every hierarchy, v1 or v2. NAME may be a pattern.
cgroup_dirs() { compgen -G "/sys/fs/cgroup/$1" || true; compgen -G "/sys/fs/cgroup/*/$1" || true; }

# cgroups_thaw NAME: lets whatever is frozen in or under cgroup NAME run again.
cgroups_thaw() {
  local dir file
  while IFS= read -r dir; do
    # Parents first: a child of a frozen cgroup cannot be thawed.
    while IFS= read -r file; do
      case $file in
        */freezer.state) echo THAWED >"$file" ;;
        */cgroup.freeze) echo 0 >"$file" ;;
      esac
    done < <(find "$dir" \( -name freezer.state -o -name cgroup.freeze \) 2>/dev/null)
  done < <(cgroup_dirs "$1")
}

# cgroups_remove NAME: with all below it. The kernel needs a moment after the last process.
cgroups_remove() {
  local dir
  while IFS= read -r dir; do
    wait_until 5 "the end of cgroup $dir" _cgroup_removed "$dir" || true
  done < <(cgroup_dirs "$1")
}
_cgroup_removed() {
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ ! -d "$1" ]
}

# mounts_below DIR: mount points at or under DIR, in this mount namespace, the innermost first.
mounts_below() {
  awk -v dir="$1" '$5 == dir || index($5, dir "/") == 1 { print $5 }' /proc/self/mountinfo | tac
}
