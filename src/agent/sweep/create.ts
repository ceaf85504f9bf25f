import { createRuncLeftovers } from '../../driver/runc/leftovers';
import { MIGRATIONS } from '../../kube/migrations';
import { metadataOf } from '../../kube/object-meta';
import { ResourceClient } from '../../kube/resource-client';
import type { KubeTransport } from '../../kube/transport';
import type { Logger } from '../../runtime/log';
import type { FileJournal } from '../journal';
import type { AgentDeps } from '../ports';
import type { VolumeAccess } from '../volume-access';
import { createAttemptShelf } from './attempt-shelf';
import type { Busy } from './busy';
import type { Identity } from './owners';
import { Sweep } from './sweep';
import { Sweeper } from './sweeper';

/** A file that is made and renamed, or renamed and removed, is done with that in moments. */
const SCRAP_MS = 60_000;
const UNFINISHED_MS = 15 * 60_000;
/** What a program that was killed at its deadline may take to end. */
const GRACE_MS = 60_000;

export interface SweeperOptions extends Pick<
  AgentDeps,
  | 'engine'
  | 'driver'
  | 'dockerDriver'
  | 'clock'
  | 'deadlines'
  | 'dockerVolumes'
  | 'volumeLedger'
  | 'mountFiles'
  | 'hostDirectories'
  | 'directoryNotes'
  | 'moveHooks'
> {
  readonly node: string;
  /** Where the volume is mounted. */
  readonly root: string;
  readonly runDirectory: string;
  readonly volume: VolumeAccess;
  readonly journal: FileJournal;
  readonly kube: KubeTransport;
  readonly busy: Busy;
  /** Has those look again who work for the object of that key. */
  readonly remind: (key: string) => void;
  /** Removes what was kept for the owners of objects that are gone; what it fails of keeps nothing else waiting. */
  readonly tidy: () => Promise<void>;
  readonly log: Logger;
}

/** The sweep of leftovers on a real node. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { node, root, runDirectory, volume, journal, kube, busy, remind, engine, driver, clock, deadlines } = options;
  const log = options.log.child({ part: 'sweep' });
  // An object that is not what the schema promises exists all the same.
  const objects = new ResourceClient(kube, { ...MIGRATIONS, parse: identityOf });
  const sweep = new Sweep({
    world: {
      engine,
      driver,
      dockerDriver: options.dockerDriver,
      clock,
      dockerVolumes: options.dockerVolumes,
      volumeLedger: options.volumeLedger,
      mountFiles: options.mountFiles,
      hostDirectories: options.hostDirectories,
      directoryNotes: options.directoryNotes,
      moveHooks: options.moveHooks,
      journal,
      files: createRuncLeftovers(runDirectory, clock),
      shelf: createAttemptShelf(root, volume, clock),
    },
    node,
    limits: {
      wakeMs: deadlines.wakeMs + GRACE_MS,
      scrapMs: SCRAP_MS,
      configMs: Math.max(deadlines.dumpMs, deadlines.wakeMs) + GRACE_MS,
      attemptMs: UNFINISHED_MS,
    },
    objects: async () =>
      (await objects.list()).items.map(({ parsed }) => {
        if (!parsed.ok) throw parsed.error;
        return parsed.value;
      }),
    busy: () => busy.uids(),
    remind,
    clock,
    log,
  });
  const once = async (): Promise<boolean> => {
    const done = await sweep.run();
    try {
      await options.tidy();
    } catch (error) {
      log.info('traces of migrations that are gone could not be removed', { error });
    }
    return done;
  };
  return new Sweeper(once, clock, log);
}

function identityOf(value: unknown): Identity {
  const { namespace, name, uid } = metadataOf(value);
  if (uid === '') throw new TypeError('an object without a UID');
  return { namespace, name, uid };
}
