import type { Migrations } from '../../chaos/migrations';
import { coldWay } from './cold';
import type { PodmanPids } from './podman';
import { podmanWay } from './podman';
import { reportWay } from './report';
import { scriptWay } from './script';
import type { Variant } from './transship';
import { transshipWay } from './transship';
import type { Way } from './way';

/** Transship itself: a driver or a mode that comes to be is a line more here. */
const VARIANTS: readonly Variant[] = [
  { id: 'runc', title: 'Transship, driver runc', spec: {} },
  { id: 'lazy', title: 'Transship, driver runc, memory later', spec: { memory: 'Lazy' } },
];

/** What the ways need of the lab. */
export interface WayDeps {
  readonly migrations: Migrations;
  readonly dockerMajor: number;
  /** Undefined when Podman is not to be measured. */
  readonly podman: PodmanPids | undefined;
}

/** Every way, in the order of tables and plots. */
export function allWays({ migrations, dockerMajor, podman }: WayDeps): Way[] {
  return [
    ...VARIANTS.map((variant) => transshipWay(variant, migrations)),
    scriptWay(),
    reportWay(dockerMajor),
    ...(podman === undefined ? [] : [podmanWay(podman, 'default'), podmanWay(podman, 'none')]),
    coldWay(),
  ];
}

/** Those that need Podman. */
export const PODMAN_WAYS: readonly string[] = ['podman', 'podman-none'];
