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

/** The names of the containers whose `docker inspect` was taken; test/fixtures/inspect/take says how they were made. */
export function fixtureNames(profile: string): string[] {
  return readdirSync(join(directory, profile)).map((file) => basename(file, '.json'));
}

/** What the Engine answered for that container, untouched. */
export function inspectAnswer(profile: string, name: string): unknown {
  const [answer] = JSON.parse(readFileSync(join(directory, profile, `${name}.json`), 'utf8')) as unknown[];
  return answer;
}

export function inspectFixture(profile: string, name: string): ContainerInfo {
  return readInspect(inspectAnswer(profile, name));
}
