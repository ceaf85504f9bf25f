/** Resolves after `ms` of real time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks every 50 ms until there is something to see, and returns that. Throws with what was awaited after `deadlineMs`. */
export async function poll<T>(what: string, look: () => T | false | undefined, deadlineMs = 15_000): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const seen = look();
    if (seen !== false && seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`still not after ${deadlineMs} ms: ${what}`);
    await sleep(50);
  }
}
