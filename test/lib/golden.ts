import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, toCreateBody } from '../../src/docker/description';
import { inspectFixture } from './inspect-fixtures';
import { project } from './lab-tools';

/** Where lies what is expected of the mapping of a recorded inspect. */
export function goldenPath(profile: string, name: string): string {
  return join(project, 'test/fixtures/description', profile, `${name}.json`);
}

/** What the mapping makes of it now: the description, and the order to create the container again. */
export function mapped(profile: string, name: string): unknown {
  const description = describe(inspectFixture(profile, name));
  const body = toCreateBody(description, {
    runtime: 'transship',
    labels: { 'transship.dev/migration-uid': 'golden' },
    annotations: { 'org.criu.config': '/run/transship/criu/golden.conf' },
  });
  // As it goes over the wire: without what is undefined.
  return JSON.parse(JSON.stringify({ description, body }));
}

export function readGolden(profile: string, name: string): unknown {
  return JSON.parse(readFileSync(goldenPath(profile, name), 'utf8'));
}

/** For a person to look at in the diff. */
export function writeGolden(profile: string, name: string): void {
  writeFileSync(goldenPath(profile, name), `${JSON.stringify(mapped(profile, name), null, 1)}\n`);
}
