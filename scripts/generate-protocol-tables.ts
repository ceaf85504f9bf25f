/**
 * Writes the tables of branches into docs/protocol.md, between the marks `<!-- generated: controller -->` and
 * `<!-- end -->`, from src/protocol/branches.ts. With --check it writes nothing and fails when the page differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Branch } from '../src/protocol/branches';
import { CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES } from '../src/protocol/branches';

const PAGE = join(__dirname, '../docs/protocol.md');
const TABLES: Readonly<Record<string, Readonly<Record<string, Branch>>>> = {
  controller: CONTROLLER_BRANCHES,
  source: SOURCE_BRANCHES,
  target: TARGET_BRANCHES,
};

/** A Markdown table with columns as wide as prettier makes them. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_cell, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

/**
 * The page with its tables as they should be.
 * @throws Error when a table has no marks
 */
export function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, branches]) => {
    const rows = Object.entries(branches).map(([branch, { when, then }]) => [`\`${branch}\``, when, then]);
    const table = tableOf([['branch', 'when', 'then'], ...rows]);
    const marked = new RegExp(`(<!-- generated: ${name} -->\n).*?(\n<!-- end -->)`, 's');
    if (!marked.test(text)) throw new Error(`docs/protocol.md has no marks for the table of the ${name}`);
    // A function, because a replacement text would take `$` for a reference.
    return text.replace(marked, (_all, begin: string, end: string) => `${begin}\n${table}\n${end}`);
  }, page);
}

function main(): void {
  const page = readFileSync(PAGE, 'utf8');
  const wanted = withTables(page);
  if (page === wanted) return;
  if (process.argv.includes('--check')) throw new Error(`${PAGE} is stale: run \`npm run generate\``);
  writeFileSync(PAGE, wanted);
}

if (require.main === module) main();
