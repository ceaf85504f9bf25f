import type { ContainerState } from '../../docker/engine';
import type { DriverName, WakeState } from '../../driver/driver';
import type { AttemptDirectory } from '../../store/attempts';
import type { JournalEntry } from '../ports';

/** Something that a migration leaves on a node or on the volume while it works. Whether it is left over, is decided. */
export type Find =
  | CreatedContainer
  | Reservation
  | StrayMarker
  | CriuConfig
  | Scrap
  | WorkingProcess
  | AttemptFind
  | CreatedVolumes
  | NotedDirectories;

/** A container that a migration created on this node (label and runtime). */
export interface CreatedContainer {
  readonly kind: 'container';
  readonly id: string;
  readonly name: string;
  readonly migrationUID: string;
  /** By which it is to be woken up. */
  readonly driver: DriverName;
  readonly state: ContainerState;
  /** What its next start, or its last one, is about. */
  readonly wake: WakeState;
  /** Since the marker of the wake-up last changed, ms; undefined when there is none. */
  readonly markerAgeMs: number | undefined;
}

/** An entry of the source's journal. */
export interface Reservation {
  readonly kind: 'reservation';
  readonly containerID: string;
  readonly entry: JournalEntry;
  readonly container: ContainerState | 'gone';
}

/** A marker whose container Docker does not know. */
export interface StrayMarker {
  readonly kind: 'marker';
  readonly containerID: string;
}

/** A configuration file for the CRIU of a migration. */
export interface CriuConfig {
  readonly kind: 'config';
  readonly migrationUID: string;
  readonly ageMs: number;
}

/** A file or directory that is only there for a moment, while it is made or removed. */
export interface Scrap {
  readonly kind: 'scrap';
  readonly path: string;
  readonly ageMs: number;
}

/** A process that reads or writes a checkpoint: `runc checkpoint` or tar. */
export interface WorkingProcess {
  readonly kind: 'process';
  readonly pid: number;
  readonly program: string;
  readonly directory: DirectoryOwner;
}

/** A directory of an attempt on the volume. */
export interface AttemptFind {
  readonly kind: 'attempt';
  readonly attempt: AttemptDirectory;
}

/** Volumes that were created for the container of a migration, and that nothing has run with. */
export interface CreatedVolumes {
  readonly kind: 'volumes';
  readonly migrationUID: string;
}

/** Host directories in which a migration has noted to do something. */
export interface NotedDirectories {
  readonly kind: 'directories';
  readonly migrationUID: string;
}

/** What the name of a migration's directory on the volume says of its object. */
export interface DirectoryOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uidPrefix: string;
}
