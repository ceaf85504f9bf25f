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
const variants = (dockerMajor: number): readonly Variant[] => [
  { id: 'runc', title: 'Transship, driver runc', spec: { driver: 'runc' } },
  { id: 'lazy', title: 'Transship, driver runc, memory later', spec: { driver: 'runc', memory: 'Lazy' } },
  {
    id: 'docker',
    title: 'Transship, driver docker',
    spec: { driver: 'docker' },
    unfit: ({ clients }) => {
      if (dockerMajor >= 27)
        return `Docker ${dockerMajor} cannot restore a container that has a network namespace of its own (containerd issue 12141)`;
      return clients?.policy === 'Keep' ? 'driver docker does not keep connections' : undefined;
    },
  },
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
    ...variants(dockerMajor).map((variant) => transshipWay(variant, migrations)),
    scriptWay(),
    reportWay(dockerMajor),
    ...(podman === undefined ? [] : [podmanWay(podman, 'default'), podmanWay(podman, 'none')]),
    coldWay(),
  ];
}

/** Those that need Podman. */
export const PODMAN_WAYS: readonly string[] = ['podman', 'podman-none'];
