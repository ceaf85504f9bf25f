import { mustRun } from './lab-tools';

const READS = new Set(['GET', 'LIST', 'WATCH', 'CONNECT']);

/**
 * How many writes of ContainerMigrations and Events the API server has answered since it began, refused ones included:
 * by its own count, so that whoever made them.
 */
export function apiWrites(): number {
  return [...mustRun('kubectl', ['get', '--raw', '/metrics']).matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm)]
    .map(([, labels = '', count]) => {
      const label = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
      return { resource: label('resource'), verb: label('verb'), count: Number(count) };
    })
    .filter(({ resource, verb }) => ['containermigrations', 'events'].includes(resource) && !READS.has(verb))
    .reduce((sum, { count }) => sum + count, 0);
}
