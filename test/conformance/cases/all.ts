import type { Group } from '../case';
import { CONNECTIONS } from './connections';
import { FILES } from './files';
import { KEPT_CONNECTIONS } from './kept-connections';
import { LIFE } from './life';
import { LIMITS } from './limits';
import { MEMORY } from './memory';
import { MOUNTS } from './mounts';
import { NAMESPACES } from './namespaces';
import { NETWORKS } from './networks';
import { PROCESSES } from './processes';
import { SERVERS } from './servers';

/** Every case, in the order in which they are run and shown. */
export const GROUPS: readonly Group[] = [
  PROCESSES,
  LIFE,
  MEMORY,
  FILES,
  MOUNTS,
  NAMESPACES,
  LIMITS,
  NETWORKS,
  CONNECTIONS,
  KEPT_CONNECTIONS,
  SERVERS,
];
