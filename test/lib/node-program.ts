import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import type { NodeName } from './lab-docker';
import { labEnvironment, mustRun, project } from './lab-tools';
import { sleep } from './waiting';

/** What a program that runs inside a node may import: nothing that needs node_modules. */
const SOURCES = ['src/runtime', 'src/criu', 'src/driver', 'src/store', 'test/lib/driver-program.ts'];
const NEEDS_MODULES = ['src/runtime/log.ts'];

/**
 * TypeScript of this checkout that runs inside a lab node, with the node's own processes, files and Docker around it:
 * transpiled, with its own Node.js, into the directory that the nodes share. It gets its arguments as JSON.
 */
export class NodeProgram {
  readonly #directory: string;
  readonly #program: string;

  constructor(program: string) {
    this.#program = program.replace(/\.ts$/, '.js');
    this.#directory = mkdtempSync(join(labEnvironment()['LAB_DIR'] ?? '', 'shared/.node-program-'));
    for (const source of SOURCES.flatMap(filesBelow).filter((file) => !NEEDS_MODULES.includes(file))) {
      const { code } = transformSync(readFileSync(join(project, source), 'utf8'), {
        filename: source,
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      const target = join(this.#directory, source.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, code);
    }
    copyFileSync(join(project, 'node_modules/node/bin/node'), join(this.#directory, 'node'));
  }

  /** Runs it on the node until it ends; returns the JSON that it prints. */
  run(node: NodeName, args: readonly unknown[]): unknown {
    return JSON.parse(mustRun('lab/node-exec', this.#words(node, args))) as unknown;
  }

  /** Starts it on the node and kills it when `until` says so, as a crash would: what it started lives on. */
  async crash(node: NodeName, args: readonly unknown[], until: () => boolean): Promise<void> {
    const child = spawn(join(project, 'lab/node-exec'), this.#words(node, args), {
      detached: true,
      env: labEnvironment(),
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    while (!until()) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it could be killed`);
      await sleep(10);
    }
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  #words(node: NodeName, args: readonly unknown[]): string[] {
    const directory = join('/mnt/transship', basename(this.#directory));
    return [node, join(directory, 'node'), join(directory, this.#program), JSON.stringify(args)];
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function filesBelow(path: string): string[] {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(join(project, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}
