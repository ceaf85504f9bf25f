import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from '../../../scripts/generate-protocol-tables';
import type { Branch } from '../../../src/protocol/branches';
import { CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES } from '../../../src/protocol/branches';

const project = join(__dirname, '../../..');
const page = readFileSync(join(project, 'docs/protocol.md'), 'utf8');

/** The rows of the table between the marks of that name, without its header. */
function rowsOf(name: string): string[][] {
  const [, table = ''] = new RegExp(`<!-- generated: ${name} -->(.*?)<!-- end -->`, 's').exec(page) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('docs/protocol.md', () => {
  it('is as `npm run generate` makes it', () => {
    expect(withTables(page)).toBe(page);
  });

  it.each<[string, Readonly<Record<string, Branch>>]>([
    ['controller', CONTROLLER_BRANCHES],
    ['source', SOURCE_BRANCHES],
    ['target', TARGET_BRANCHES],
  ])('has every branch of the %s in the order of the code', (name, branches) => {
    expect(rowsOf(name)).toEqual(Object.entries(branches).map(([key, { when, then }]) => [`\`${key}\``, when, then]));
  });

  it('cannot be generated without its marks', () => {
    expect(() => withTables('# A page without tables')).toThrow('no marks for the table of the controller');
  });

  it('names branches that exist', () => {
    const known = new Set(
      [CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES].flatMap((branches: object) => Object.keys(branches)),
    );
    // Branches are named in the text as `controller.Fence`, to be told from states and reasons.
    const named = [...page.matchAll(/`(?:controller|source|target)\.([A-Z]\w+)`/g)].map(([, branch = '']) => branch);
    expect(named.filter((branch) => !known.has(branch))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });
});
