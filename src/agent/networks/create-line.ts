import type { Needs } from '../../api/types';
import { familyOf } from './addresses';

/** A user-defined network of the source; of one that an agent of another version reported, the name alone. */
export type NetworkNeed = Partial<NonNullable<Needs['networks']>[number]> & { readonly name: string };

/** What a Docker of the source shows among the options although nobody set it, and sets by its own switches. */
const SET_BY_DOCKER = /^com\.docker\.network\.enable_ipv[46]=/;

/** The command that makes such a network, for a person to paste into a shell: what needs quotes has them. */
export function createLine({ name, driver, internal, subnets = [], options = [] }: NetworkNeed): string {
  const words = [
    ...(driver === undefined ? [] : ['--driver', driver]),
    ...(subnets.some(({ subnet }) => familyOf(subnet) === 'ipv6') ? ['--ipv6'] : []),
    ...(internal === true ? ['--internal'] : []),
    ...subnets.flatMap(({ subnet, gateway, range }) => [
      ...['--subnet', subnet],
      ...(gateway === undefined ? [] : ['--gateway', gateway]),
      ...(range === undefined ? [] : ['--ip-range', range]),
    ]),
    ...options.filter((option) => !SET_BY_DOCKER.test(option)).flatMap((option) => ['--opt', option]),
    ...(name.startsWith('-') ? ['--'] : []),
    name,
  ];
  return ['docker network create', ...words.map(quoted)].join(' ');
}

/** One word of a POSIX shell. What moves the cursor of a terminal is left out. */
function quoted(word: string): string {
  const visible = word.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
  return /^[\w@%+=:,./-]+$/.test(visible) ? visible : `'${visible.replaceAll("'", `'\\''`)}'`;
}
