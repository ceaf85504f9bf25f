// Loaded into the measured controller beside its program, with --expose-gc: on SIGUSR2 it collects all garbage, so that
// the heap in use afterwards is what is needed.
'use strict';
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
});
