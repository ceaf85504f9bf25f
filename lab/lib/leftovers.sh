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

# process_group PID: the third field behind the command's closing parenthesis.
process_group() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # the fields are to be split
  set -- ${stat##*) }
  printf '%s\n' "$3"
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

# leftovers: one line for everything of the lab that is there; nothing when it is down.
leftovers() {
  local pid path
  for pid in $(processes_of_lab); do
    printf '  process %s: %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-100)"
  done
  for path in /run/netns/"$LAB_PREFIX"-node-*; do [ ! -e "$path" ] || printf '  network namespace %s\n' "$path"; done
  for path in /sys/class/net/{"$LAB_BRIDGE","${LAB_PREFIX:0:3}"-node-*}; do
    [ ! -e "$path" ] || printf '  interface %s\n' "$(basename "$path")"
  done
  cgroup_dirs "$(node_cgroup node-)*" | sed 's/^/  cgroup /'
  mounts_below "$LAB_DIR" | sed 's/^/  mount /'
  ! iptables -C "${LAB_FIREWALL_RULE[@]}" 2>/dev/null || printf '  iptables rule %s\n' "${LAB_FIREWALL_RULE[*]}"
  [ ! -e "$LAB_DIR" ] || printf '  directory %s\n' "$LAB_DIR"
}
