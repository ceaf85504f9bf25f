import type { InspectCase } from './inspect-cases';
import { CASE_NETWORKS, CASE_VOLUMES, createArguments, FURTHER_NETWORKS, INSPECT_CASES } from './inspect-cases';
import type { NodeName } from './lab-docker';
import { inNode } from './lab-node';

/** Runs the node's own docker client. Throws with its words when it fails. */
export function nodeDocker(node: NodeName, ...args: string[]): string {
  const { code, stdout, stderr } = inNode(node, 'docker', ...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} on ${node}: ${stderr}${stdout}`);
  return stdout.trim();
}

/** The cases that an Engine knows all options of. */
export function casesOf(profile: string): readonly InspectCase[] {
  return INSPECT_CASES.filter(({ profile: only = profile }) => only === profile);
}

/** Makes the networks that the cases need, or others. */
export function createNetworks(node: NodeName, networks = CASE_NETWORKS): void {
  for (const [name, args] of Object.entries(networks)) nodeDocker(node, 'network', 'create', ...args, name);
}

/** Creates the container of a case, and starts it if this is wanted. @returns its ID */
export function createCase(
  node: NodeName,
  wanted: InspectCase,
  { prefix, start }: { readonly prefix: string; readonly start: boolean },
): string {
  const id = nodeDocker(node, 'create', ...createArguments(wanted, prefix));
  if (start && wanted.createdOnly !== true) nodeDocker(node, 'start', id);
  if (wanted.connect !== undefined) nodeDocker(node, 'network', 'connect', ...wanted.connect, id);
  if (wanted.disconnect !== undefined) nodeDocker(node, 'network', 'disconnect', wanted.disconnect, id);
  return id;
}

/** Removes the containers of that prefix, the networks and the volumes; none need be there. */
export function removeCases(node: NodeName, prefix: string): void {
  const ids = nodeDocker(node, 'ps', '--all', '--quiet', '--filter', `name=^/${prefix}`);
  if (ids !== '') nodeDocker(node, 'rm', '--force', '--volumes', ...ids.split('\n'));
  inNode(node, 'docker', 'network', 'rm', ...Object.keys({ ...CASE_NETWORKS, ...FURTHER_NETWORKS }));
  inNode(node, 'docker', 'volume', 'rm', '--force', ...CASE_VOLUMES);
  inNode(node, 'rm', '-f', '/tmp/fixture.cid');
}
