import { TerminalError } from '../runtime/errors';

/**
 * All options of CRIU that this program ever gives, by their names in CRIU's configuration. Whatever else stands in an
 * object is refused.
 */
export const CRIU_OPTION_NAMES = [
  'file-locks',
  'ghost-limit',
  'link-remap',
  'force-irmap',
  'irmap-scan-path',
  'skip-in-flight',
  'ext-unix-sk',
  'mntns-compat-mode',
  'tcp-established',
] as const;

export type CriuOptionName = (typeof CRIU_OPTION_NAMES)[number];

/** One option; two of them have a value. */
export interface CriuOption {
  readonly name: CriuOptionName;
  readonly value?: string;
}

/** What a value must look like; an option that is not named here has none. CRIU splits its configuration at blanks. */
const VALUES: Partial<Record<CriuOptionName, RegExp>> = {
  'ghost-limit': /^[1-9][0-9]{0,11}$/,
  'irmap-scan-path': /^(\/[A-Za-z0-9._@+:,=-]+)+$/,
};

/** Whether CRIU reads this path from its configuration as it stands there. */
export function isScanPath(path: string): boolean {
  return VALUES['irmap-scan-path']?.test(path) === true && path.length <= 1024;
}

/** As the object's status holds it: `ghost-limit=67108864`, `ext-unix-sk`. */
export function formatCriuOption({ name, value }: CriuOption): string {
  return value === undefined ? name : `${name}=${value}`;
}

/**
 * Reads what an object holds.
 * @throws TerminalError CriuOptionInvalid for anything that is not in the closed set
 */
export function parseCriuOption(text: string): CriuOption {
  const [, word = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const name = CRIU_OPTION_NAMES.find((known) => known === word);
  const pattern = name === undefined ? undefined : VALUES[name];
  const fits = pattern === undefined ? value === undefined : value !== undefined && pattern.test(value);
  if (name === undefined || !fits || text.length > 1100) {
    throw new TerminalError(
      'CriuOptionInvalid',
      `${JSON.stringify(text.slice(0, 200))} is no option of CRIU that this version gives; same versions on both nodes?`,
    );
  }
  return value === undefined ? { name } : { name, value };
}

/**
 * Where no connection is kept, or the network is locked already, CRIU need not lock it while it works. Taking its lock
 * away has the kernel wait for all its processors, twice: some 60 ms of every dump and of every restore (measured:
 * docs/wrapper.md). A restore does as the images say that their dump did.
 */
const NO_NETWORK_LOCK = 'network-lock skip\n';

/** What a dump is called with: flags of `runc checkpoint`, and lines of CRIU's configuration. */
export interface DumpArguments {
  readonly flags: readonly string[];
  readonly config: string;
}

/**
 * How each option reaches CRIU at a dump. What runc has a flag for, runc sets in its request in any case, also to
 * false, and that overrides a configuration that comes from the environment (measured: docs/wrapper.md). The rest is
 * set by that configuration alone.
 *
 * @param hasFlag whether this runc knows the flag: two of them are in runc 1.3.6 and not in 1.1.15
 * @param isLocked whether no packet comes into the container's network or leaves it already
 */
export function dumpArguments(
  options: readonly CriuOption[],
  hasFlag: (flag: string) => boolean = () => false,
  isLocked = false,
): DumpArguments {
  const flags: string[] = [];
  const lines: string[] = [];
  for (const { name, value } of options) {
    switch (name) {
      case 'file-locks':
      case 'ext-unix-sk':
      case 'tcp-established':
        flags.push(`--${name}`);
        break;
      case 'skip-in-flight':
        if (hasFlag('--tcp-skip-in-flight')) flags.push('--tcp-skip-in-flight');
        else lines.push(name);
        break;
      case 'link-remap':
        if (hasFlag('--link-remap')) flags.push('--link-remap');
        else lines.push(name);
        break;
      case 'ghost-limit':
      case 'force-irmap':
      case 'irmap-scan-path':
        lines.push(value === undefined ? name : `${name} ${value}`);
        break;
      case 'mntns-compat-mode':
        // CRIU refuses it at a dump.
        break;
    }
  }
  const keeps = options.some(({ name }) => name === 'tcp-established');
  return { flags, config: (keeps && !isLocked ? '' : NO_NETWORK_LOCK) + lines.map((line) => `${line}\n`).join('') };
}

/** What a restore is called with, beyond what every restore is. */
export interface RestoreArguments {
  /** Options of `runc restore`, as far as the wrapper lets them through. */
  readonly flags: readonly string[];
  /** Lines of CRIU's configuration. */
  readonly config: string;
}

/** What a restore needs to know of the options that its dump was made with; the images hold the rest. */
export function restoreArguments(options: readonly CriuOption[]): RestoreArguments {
  const has = (name: CriuOptionName): boolean => options.some((option) => option.name === name);
  return {
    // Without it the locks in the images would be left out silently; where there are none, it does nothing.
    flags: [
      '--file-locks',
      ...(has('ext-unix-sk') ? ['--ext-unix-sk'] : []),
      ...(has('tcp-established') ? ['--tcp-established'] : []),
    ],
    // CRIU makes closed sockets of those whose connection ended before the dump: it knows their peers still, takes them
    // for connected, and would refuse to restore them (measured with CRIU 4.2.1). Not beside connections that are kept.
    config:
      (has('tcp-established') ? '' : `tcp-close\n${NO_NETWORK_LOCK}`) +
      (has('mntns-compat-mode') ? 'mntns-compat-mode\n' : ''),
  };
}
