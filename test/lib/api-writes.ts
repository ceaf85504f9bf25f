import { mustRun } from './lab-tools';

const READS = new Set(['GET', 'LIST', 'WATCH', 'CONNECT']);

/** Of ContainerMigrations and Events, since the API server began. */
export interface ApiWrites {
  readonly done: number;
  /** Because somebody else had been first: nothing was written. */
  readonly refused: number;
}

/** How many writes the API server has answered, by its own count, so that whoever asked for them. */
export function apiWrites(): ApiWrites {
  const writes = [
    ...mustRun('kubectl', ['get', '--raw', '/metrics']).matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm),
  ]
    .map(([, labels = '', count]) => {
      const label = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
      return {
        resource: label('resource'),
        verb: label('verb'),
        isRefused: label('code') === '409',
        count: Number(count),
      };
    })
    .filter(({ resource, verb }) => ['containermigrations', 'events'].includes(resource) && !READS.has(verb));
  const sum = (refused: boolean): number =>
    writes.filter(({ isRefused }) => isRefused === refused).reduce((total, { count }) => total + count, 0);
  return { done: sum(false), refused: sum(true) };
}
