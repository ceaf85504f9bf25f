import type { DumpFacts } from '../../src/criu/dump-facts';

/** A container that holds nothing that CRIU must be told of. */
export const NOTHING_OPEN: DumpFacts = {
  deletedFiles: [],
  deletedNames: [],
  lockedFiles: [],
  writableFiles: 0,
  watches: [],
};
