/** What can be seen of every container without asking it: its processes, limits and mounts, and what Docker says. */
import { askDocker } from '../lib/chaos-docker';
import type { Look } from './case';
import { onNode } from './lab';

/** One line each: `process FIELD|FIELD…`, `oom_score_adj N`, `limits TEXT`, `cgroup FILE TEXT`, `mount POINT TYPE OPTIONS`. */
const SCRIPT = `
id=$1 pid=$2
for p in $(cat /sys/fs/cgroup/freezer/*/"$id"/cgroup.procs); do
  printf 'process '
  for f in NSpid Name NSpgid NSsid Threads Uid Gid NoNewPrivs Seccomp CapInh CapPrm CapEff CapBnd CapAmb; do
    sed -n "s/^$f:[[:space:]]*//p" /proc/$p/status | tr '\\t\\n' ' |'
  done
  readlink /proc/$p/cwd | tr '\\n' '|'; readlink /proc/$p/exe | tr '\\n' '|'
  tr '\\0\\n' '  ' </proc/$p/cmdline | sha256sum | cut -c1-8
done
echo "oom_score_adj $(cat /proc/$pid/oom_score_adj)"
echo "limits $(sed 1d /proc/$pid/limits | tr -s ' ' | tr '\\n' ';')"
for f in memory.limit_in_bytes memory.memsw.limit_in_bytes cpu.cfs_quota_us cpu.cfs_period_us cpu.shares pids.max \\
    cpuset.cpus devices.list; do
  for path in /sys/fs/cgroup/*/*/"$id"/$f; do
    [ ! -e "$path" ] || echo "cgroup $f $(tr '\\n' ';' <"$path")"
  done
done
awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { print "mount", $5, $(i + 1), $6; break } }' /proc/$pid/mountinfo
`;

/** Of an inspect answer: what a person would look for. What the move has to change is not among it. */
interface Inspected {
  readonly Id: string;
  readonly Image: string;
  readonly State: { readonly Pid: number; readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly RestartCount: number;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkSettings: { readonly Ports: unknown; readonly Networks: Readonly<Record<string, unknown>> };
}

/** The labels and the runtime of a container that was moved, the configuration of CRIU, and the image by its ID. */
const CHANGED_BY_EVERY_MOVE = { Config: ['Image', 'Labels'], HostConfig: ['Runtime', 'Annotations'] };

/** Reads it all. */
export const lookOutside: Look = async ({ node, name }) => {
  const inspected = (await askDocker(node, 'GET', `/containers/${name}/json`)) as Inspected;
  const { Id, State, Config, HostConfig, NetworkSettings } = inspected;
  const lines = (await onNode(node, SCRIPT, Id, String(State.Pid))).split('\n');
  const of = (kind: string): string[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  return {
    same: {
      processes: Object.fromEntries(of('process').map(describeProcess)),
      oomScoreAdj: of('oom_score_adj')[0],
      limits: of('limits')[0],
      cgroup: Object.fromEntries(of('cgroup').map(splitAtSpace)),
      mounts: Object.fromEntries(of('mount').map(describeMount)),
      inspect: {
        Status: State.Status,
        RestartCount: inspected.RestartCount,
        Image: inspected.Image,
        Config: without(Config, CHANGED_BY_EVERY_MOVE.Config),
        HostConfig: without(HostConfig, CHANGED_BY_EVERY_MOVE.HostConfig),
        Networks: Object.keys(NetworkSettings.Networks).sort(),
        Ports: NetworkSettings.Ports,
      },
    },
  };
};

/** By its PID in the container; the IDs of group and session are the container's too. */
function describeProcess(line: string): [pid: string, rest: string] {
  const [pid = '', name = '', group = '', session = '', ...rest] = line.split('|');
  const innermost = (ids: string): string => ids.split(' ').at(-1) ?? '';
  return [innermost(pid), [name, innermost(group), innermost(session), ...rest].join('|')];
}

/** Docker masks paths of /proc and /sys: which device lies over one says nothing, and runc takes another at a restore. */
function describeMount(line: string): [string, string] {
  const [point, what] = splitAtSpace(line);
  if (!/^\/(proc|sys)\//.test(point)) return [point, what];
  return [point, /\bro\b/.test(what) ? 'read-only' : 'writable'];
}

function splitAtSpace(line: string): [string, string] {
  const at = line.indexOf(' ');
  return [line.slice(0, at), line.slice(at + 1)];
}

function without(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
