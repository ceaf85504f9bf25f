import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schema } from '../../../src/api/generated/schema';

const project = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

/** How a reason appears in the source: in an error, in a field, in a check, in a table, as a result or a default. */
const usages = [
  /Error\(\s*'([A-Z]\w+)'/g,
  /\breason: (?:[^,;]* [?:] )?'([A-Z]\w+)'/g,
  /\bblocking\(\s*'([A-Z]\w+)'/g,
  // After the name of the branch: what the controller refuses for, and what it waits for out of the ordinary.
  /\brefuse\(\s*'\w+',\s*'([A-Z]\w+)'/g,
  /\bwaitFor\(\s*'\w+',[^;]*, '([A-Z]\w+)'\);/g,
  /\[\s*'([A-Z][a-z]\w+)', ['"`][^'"`\n]* /g,
  /(?:\breturn|\?\?) '([A-Z][a-z]+[A-Z]\w+)'/g,
];

/** Words of other kinds that have the same shape: phases, states and steps of the API. */
function* enumsOf(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'enum') yield* value as string[];
    else yield* enumsOf(value);
  }
}
const words = new Set(enumsOf(schema));

const source = globSync('src/**/*.ts', { cwd: project })
  .filter((path) => !path.includes('generated'))
  .map(read)
  .join('\n');
const used = new Set(usages.flatMap((usage) => [...source.matchAll(usage)].map(([, word = '']) => word)));
const reasons = [...used].filter((word) => !words.has(word)).toSorted();

const rows = read('docs/reasons.md')
  .split('\n')
  .map((line) => /^\| `(\w+)` +\|(.*)\|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, reason = '', rest = '']) => ({ reason, cells: rest.split('|').map((cell) => cell.trim()) }));

describe('docs/reasons.md', () => {
  it('lists every reason that the code can give', () => {
    expect(reasons.length).toBeGreaterThan(50);
    const listed = new Set(rows.map(({ reason }) => reason));
    expect(reasons.filter((reason) => !listed.has(reason))).toEqual([]);
  });

  it('lists no reason that the code cannot give', () => {
    expect(rows.map(({ reason }) => reason).filter((reason) => !source.includes(`'${reason}'`))).toEqual([]);
  });

  it('lists each once, and says what to do about it', () => {
    const names = rows.map(({ reason }) => reason);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(rows.filter(({ cells }) => cells.some((cell) => cell === '')).map(({ reason }) => reason)).toEqual([]);
  });
});
