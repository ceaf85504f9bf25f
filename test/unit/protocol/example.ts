import type { ContainerMigration, MigrationRequest } from '../../../src/api/types';

/** One situation, and the step that must follow from it. */
export interface Example<Seen, Migration extends MigrationRequest = ContainerMigration> {
  readonly object: Migration;
  /** What is observed besides the object; a peaceful cluster and an agent that has not looked yet when left out. */
  readonly seen?: Seen;
  /** The whole step but for its branch and its words for people. */
  readonly step: { readonly do: string; readonly [field: string]: unknown };
  /** What a person must find in the words. */
  readonly says?: readonly string[];
}

/** Examples of every branch of a decision: the compiler refuses a table that lacks one. */
export type Examples<Branch extends string, Seen, Migration extends MigrationRequest = ContainerMigration> = Readonly<
  Record<Branch, readonly [Example<Seen, Migration>, ...Example<Seen, Migration>[]]>
>;

/** One row of test.each for each example, titled by what docs/protocol.md says of its branch. */
export function rowsOf<Branch extends string, Seen, Migration extends MigrationRequest>(
  examples: Examples<Branch, Seen, Migration>,
  branches: Readonly<Record<Branch, { readonly when: string }>>,
): { title: string; because: Branch; example: Example<Seen, Migration> }[] {
  return (Object.keys(examples) as Branch[]).flatMap((because) =>
    examples[because].map((example, index) => ({
      title: `${because}${index === 0 ? '' : ` (${index + 1})`}: ${branches[because].when}`,
      because,
      example,
    })),
  );
}

/** Compares a whole step with its example: nothing more, nothing less, and the words. */
export function expectStep<Seen>(
  step: object,
  because: string,
  { step: expected, says }: Pick<Example<Seen>, 'step' | 'says'>,
): void {
  const { message, waitsFor, ...rest } = step as { message?: string; waitsFor?: string };
  expect(rest).toEqual({ because, ...expected });
  const words = message ?? waitsFor;
  // Whoever writes an example of a step that speaks writes what it must say.
  expect(says === undefined).toBe(words === undefined);
  for (const part of says ?? []) expect(words).toContain(part);
}
