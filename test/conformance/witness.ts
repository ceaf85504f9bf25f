/** A program that holds something, goes on counting, and answers what it finds whenever it is asked. */
import { askDocker } from '../lib/chaos-docker';
import { sleep } from '../lib/waiting';
import type { Look, Place, Reading } from './case';
import { stdoutOf } from './lab';

export const PYTHON = 'transship-lab/python:1';
export const BUSYBOX = 'transship-lab/busybox:1';

const ANSWER_MS = 10_000;

/**
 * The image and command of a program in Python, for `docker run`. Asked by SIGUSR1, it answers with a line of JSON on its
 * stdout: so it can be asked whatever network, mounts and rights it has, and its log is tried as well.
 *
 * @param hold statements that make what the container shall be moved with
 * @param facts body of a function that returns a dict of what must be the same; what it has below `grows` must grow
 */
export function witness(hold: string, facts = 'return {}'): readonly string[] {
  const program = `
import ctypes, errno, fcntl, hashlib, json, mmap, os, select, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
born, asked, count = os.urandom(8).hex(), 0, 0
${hold}
def facts():
${facts.replaceAll(/^/gm, '    ')}
def answer(*_):
    global asked
    asked += 1
    try: found = facts()
    except BaseException as failure: found = {'failure': repr(failure)}
    grows = {'asked': asked, 'count': count, **found.pop('grows', {})}
    print(json.dumps({'same': {'born': born, **found}, 'grows': grows}), flush=True)
signal.signal(signal.SIGUSR1, answer)
print('ready', flush=True)
while True:
    count += 1
    time.sleep(0.01)
`;
  return [PYTHON, 'python3', '-c', program];
}

/** Asks it. Throws when it does not answer, or cannot find out. */
export const ask: Look = async ({ node, name }) => {
  const before = (await answersOf({ node, name })).length;
  await askDocker(node, 'POST', `/containers/${name}/kill?signal=SIGUSR1`);
  const deadline = Date.now() + ANSWER_MS;
  for (;;) {
    const answer = (await answersOf({ node, name })).slice(before).at(-1);
    if (answer !== undefined) {
      const failure = answer.same['failure'];
      if (failure !== undefined) throw new Error(`the program on ${node} finds: ${JSON.stringify(failure)}`);
      return answer;
    }
    if (Date.now() > deadline) throw new Error(`the program on ${node} does not answer`);
    await sleep(100);
  }
};

async function answersOf({ node, name }: Pick<Place, 'node' | 'name'>): Promise<Reading[]> {
  const answers = (await stdoutOf(node, name)).match(/\{"same": .*\}/g) ?? [];
  return answers.map((answer) => JSON.parse(answer) as Reading);
}

/** Both readings in one. */
export function joined(one: Reading, other: Reading): Reading {
  return { same: { ...one.same, ...other.same }, grows: { ...one.grows, ...other.grows } };
}
