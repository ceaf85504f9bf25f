import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readInspect } from '../../src/docker/answers';
import type { ContainerInfo } from '../../src/docker/engine';
import { project } from './lab-tools';

const directory = join(project, 'test/fixtures/inspect');

/** The Engines whose answers were taken, by the name of the lab's profile. */
export function fixtureProfiles(): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** The names of the containers whose `docker inspect` was taken; inspect-cases.ts says how they were made. */
export function fixtureNames(profile: string): string[] {
  return readdirSync(join(directory, profile)).map((file) => basename(file, '.json'));
}

/** Where the answer for a container is kept. */
export function recordPath(profile: string, name: string): string {
  return join(directory, profile, `${name}.json`);
}

/** Where the answers for networks are kept. */
export function networksPath(profile: string): string {
  return join(project, 'test/fixtures/networks', `${profile}.json`);
}

/** What the Engine answered for that container, untouched. */
export function inspectAnswer(profile: string, name: string): unknown {
  const [answer] = JSON.parse(readFileSync(recordPath(profile, name), 'utf8')) as unknown[];
  return answer;
}

export function inspectFixture(profile: string, name: string): ContainerInfo {
  return readInspect(inspectAnswer(profile, name));
}
