import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { ContainerMigration } from '../../src/api/types';
import { parseMigration } from '../../src/api/validate';
import { labEnvironment } from './lab-tools';

/** Follows one migration by the API server's own events: a moment of some milliseconds is not slept through as by a poll. */
export class MigrationWatch {
  readonly #name: string;
  readonly #child: ChildProcess;
  #text = '';
  #seen: ContainerMigration | undefined;
  #look = (): void => undefined;

  /** Begin it before the object is applied. */
  constructor(name: string) {
    this.#name = name;
    const words = ['get', 'cmig', '--watch', '--field-selector', `metadata.name=${name}`, '-o', 'json'];
    this.#child = spawn('kubectl', words, { env: labEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('utf8');
      // kubectl indents what it prints: only the end of an object is a line of one brace.
      const objects = this.#text.split(/(?<=^}\n)/m);
      this.#text = objects.at(-1)?.endsWith('\n}\n') === true ? '' : (objects.pop() ?? '');
      for (const object of objects) this.#take(JSON.parse(object));
    });
  }

  /** Resolves as soon as an object arrives for which it holds. Throws with what was awaited and the last object. */
  reach(what: string, holds: (migration: ContainerMigration) => boolean, deadlineMs = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#name}: never seen: ${what}: ${JSON.stringify(this.#seen?.status, null, 2)}`));
      }, deadlineMs);
      this.#look = () => {
        if (this.#seen === undefined || !holds(this.#seen)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#look();
    });
  }

  stop(): void {
    this.#child.kill();
  }

  #take(object: unknown): void {
    if ((object as { kind: string }).kind !== 'ContainerMigration') return;
    this.#seen = parseMigration(object);
    this.#look();
  }
}
