// touch-memory.cjs MIB: takes that much new memory, writes to each page of it, and ends. Says after each piece how many
// MiB it has and how many ms that took from the first on.
'use strict';
const { writeFileSync, writeSync } = require('node:fs');

const PAGE = 4096;
const PIECE_MIB = 1024;

// Should memory run out, this is what ends, and nothing of the lab.
writeFileSync('/proc/self/oom_score_adj', '1000');

const wanted = Number(process.argv[2]);
const held = [];
const begun = performance.now();
for (let mib = 0; mib < wanted;) {
  const size = Math.min(PIECE_MIB, wanted - mib);
  const piece = Buffer.alloc(size * 2 ** 20);
  for (let at = 0; at < piece.length; at += PAGE) piece[at] = 1;
  held.push(piece);
  mib += size;
  // Fails when nobody reads it any longer: who started this was killed.
  writeSync(1, `${mib} ${Math.round(performance.now() - begun)}\n`);
}
