import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const project = join(__dirname, '../../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'charts/*/*.md'], { cwd: project }).toSorted();

/** Relative links of a Markdown file, without the place in the page that they point to. */
function linksIn(page: string): string[] {
  const text = readFileSync(join(project, page), 'utf8');
  return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
}

describe('the documentation', () => {
  it.each(pages)('has no link to a file that does not exist: %s', (page) => {
    const broken = linksIn(page).filter((target) => !existsSync(join(project, dirname(page), target)));
    expect(broken).toEqual([]);
  });
});
