/** What ends work that lasts. */
export interface WorkLimit {
  readonly signal: AbortSignal;
  /** After so long the signal is aborted, at the latest. */
  readonly limitMs: number;
}
