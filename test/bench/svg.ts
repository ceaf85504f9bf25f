import type { TopLevelSpec } from 'vega-lite';

/** Draws it. The same specification makes the same bytes: no clock, no random, and text is measured without fonts. */
export async function svgOf(spec: TopLevelSpec): Promise<string> {
  // Both are ES modules only, Vega with a top-level await, which `require` cannot load.
  const [{ parse, resetSVGDefIds, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  // Numbers that count up while the program runs, else.
  resetSVGDefIds();
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
