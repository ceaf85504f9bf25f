/**
 * Takes the golden files of containers anew.
 *
 *   ts-node scripts/record-inspects.ts NODE [CASE…]   records `docker inspect` of the cases (test/lib/inspect-cases.ts), or
 *                                                     of those that have no record, on a node of the running lab
 *   ts-node scripts/record-inspects.ts NODE --networks  records `docker network inspect` of the networks, with the
 *                                                     containers in them
 *   ts-node scripts/record-inspects.ts --golden       writes what the mapping makes of every record: read the diff
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { casesOf, createCase, createNetworks, nodeDocker, removeCases } from '../test/lib/case-containers';
import { goldenPath, writeGolden } from '../test/lib/golden';
import { CASE_NETWORKS, CASE_PREFIX, FURTHER_NETWORKS } from '../test/lib/inspect-cases';
import { fixtureNames, fixtureProfiles, networksPath, recordPath } from '../test/lib/inspect-fixtures';
import type { NodeName } from '../test/lib/lab-docker';
import { labEnvironment, project } from '../test/lib/lab-tools';

function record(node: NodeName, wanted: readonly string[]): void {
  const profile = labEnvironment()['LAB_PROFILE'] ?? '';
  mkdirSync(dirname(recordPath(profile, 'any')), { recursive: true });
  const known = fixtureNames(profile);
  const cases = casesOf(profile).filter(({ name }) =>
    wanted.length > 0 ? wanted.includes(name) : !known.includes(name),
  );
  const needed = casesOf(profile).filter(({ name }) => cases.some(({ needs }) => needs === name));
  removeCases(node, CASE_PREFIX);
  try {
    createNetworks(node);
    for (const one of new Set([...needed, ...cases])) {
      const id = createCase(node, one, { prefix: CASE_PREFIX, start: true });
      if (cases.includes(one)) writeFileSync(recordPath(profile, one.name), `${nodeDocker(node, 'inspect', id)}\n`);
    }
  } finally {
    removeCases(node, CASE_PREFIX);
  }
  process.stderr.write(`recorded ${cases.length} containers of ${profile}\n`);
}

function recordNetworks(node: NodeName): void {
  const profile = labEnvironment()['LAB_PROFILE'] ?? '';
  removeCases(node, CASE_PREFIX);
  try {
    createNetworks(node);
    createNetworks(node, FURTHER_NETWORKS);
    for (const one of casesOf(profile)) createCase(node, one, { prefix: CASE_PREFIX, start: true });
    const names = ['bridge', ...Object.keys({ ...CASE_NETWORKS, ...FURTHER_NETWORKS })];
    writeFileSync(networksPath(profile), `${nodeDocker(node, 'network', 'inspect', ...names)}\n`);
  } finally {
    removeCases(node, CASE_PREFIX);
  }
}

function writeAllGolden(): void {
  for (const profile of fixtureProfiles()) {
    mkdirSync(dirname(goldenPath(profile, 'any')), { recursive: true });
    for (const name of fixtureNames(profile)) writeGolden(profile, name);
  }
}

const [first, ...cases] = process.argv.slice(2);
if (first === '--golden') writeAllGolden();
else if ((first === 'node-a' || first === 'node-b') && cases.includes('--networks')) recordNetworks(first);
else if (first === 'node-a' || first === 'node-b') record(first, cases);
else {
  process.stderr.write(readFileSync(join(project, 'scripts/record-inspects.ts'), 'utf8').split('*/')[0] ?? '');
  process.exitCode = 2;
}
