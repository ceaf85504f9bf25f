/** Events of one action of one container, as query of `GET /events`. The window makes the answer end by itself. */
export function eventsQuery(
  id: string,
  action: string,
  window: { readonly sinceMs: number; readonly untilMs: number },
): Record<string, string> {
  return {
    since: dockerSeconds(Math.floor(window.sinceMs)),
    until: dockerSeconds(Math.ceil(window.untilMs)),
    filters: JSON.stringify({ type: ['container'], container: [id], event: [action] }),
  };
}

/**
 * When the last event of that action in the stream was, as RFC 3339 with microseconds; undefined when there is none.
 * @param stream what `GET /events` answered: JSON objects, one a line
 */
export function lastEventAt(stream: string, action: string): string | undefined {
  const times = stream
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line))
    .flatMap((event) => (isTimed(event) && event.Action === action ? [event.timeNano] : []));
  return times.length === 0 ? undefined : rfc3339Micro(Math.max(...times));
}

/** Docker's nanoseconds are beyond 2^53: the number is right to 256 ns, enough for microseconds but for the last. */
function rfc3339Micro(nanoseconds: number): string {
  const microseconds = Math.floor(nanoseconds / 1000);
  const iso = new Date(Math.floor(microseconds / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(microseconds % 1000).padStart(3, '0')}Z`;
}

/** Seconds and, after the dot, nanoseconds with all nine digits: Docker does not read it as a decimal fraction. */
function dockerSeconds(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`;
}

function isTimed(event: unknown): event is { Action: string; timeNano: number } {
  if (typeof event !== 'object' || event === null) return false;
  return 'Action' in event && 'timeNano' in event && typeof event.timeNano === 'number';
}
