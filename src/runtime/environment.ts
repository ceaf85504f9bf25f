import { ReasonedError } from './errors';

/** Reads settings out of an environment and collects everything that is wrong with it, to say it all at once. */
export class Environment {
  readonly #values: Readonly<Record<string, string | undefined>>;
  readonly #faults: string[] = [];

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
  }

  /** A setting that must be there, or has a default. */
  text(name: string, fallback?: string): string {
    const value = this.#values[name] ?? fallback;
    if (value !== undefined && value !== '') return value;
    this.#faults.push(`${name} is not set`);
    return '';
  }

  /** A setting that may be absent. */
  optional(name: string): string | undefined {
    const value = this.#values[name];
    return value === '' ? undefined : value;
  }

  /** A whole number that is not negative. */
  number(name: string, fallback: number): number {
    const text = this.#values[name] ?? String(fallback);
    if (/^\d+$/.test(text)) return Number(text);
    this.#faults.push(`${name} must be a whole number, not "${text}"`);
    return fallback;
  }

  /** One of the given words. */
  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const text = this.#values[name] ?? fallback;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    this.#faults.push(`${name} must be one of ${words.join(', ')}, not "${text}"`);
    return fallback;
  }

  /** @throws ReasonedError EnvironmentInvalid with every fault found so far */
  check(): void {
    if (this.#faults.length > 0) throw new ReasonedError('EnvironmentInvalid', this.#faults.join('; '));
  }
}
