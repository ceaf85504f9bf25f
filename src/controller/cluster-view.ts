import { findHeartbeat, listHeartbeats } from '../kube/agent-leases';
import { REPORTED_NODES } from '../kube/migration-nodes';
import type { Node } from '../kube/nodes';
import { NODES } from '../kube/nodes';
import type { ResourceType } from '../kube/resource-client';
import { ResourceClient } from '../kube/resource-client';
import type { KubeTransport } from '../kube/transport';
import type { Candidate } from '../protocol/controller/choose-target';
import type { NodeView } from '../protocol/controller/step';
import type { Clock } from '../runtime/clock';
import { AgentLiveness } from './agent-liveness';
import type { ClusterView } from './ports';
import { RecentNodes } from './recent-nodes';

/** Nodes and agents, asked of the API server: the few that matter, or all of them for who has to pick one. */
export function createClusterView(transport: KubeTransport, clock: Clock, namespace: string): ClusterView {
  const nodes = new ResourceClient(transport, NODES);
  const liveness = new AgentLiveness(clock);
  const recent = new RecentNodes<NodeView>(clock, async (name) => {
    const [node, heartbeat] = await Promise.all([
      nodes.find('', name),
      findHeartbeat(transport, { namespace, node: name }),
    ]);
    return {
      exists: node !== undefined,
      outOfService: node?.outOfService === true,
      agentAlive: liveness.isAlive(name, heartbeat),
    };
  });
  // Three lists, however large the cluster is, and one look for all that wait.
  const all = new RecentNodes<readonly Candidate[]>(clock, async () => {
    const [found, reported, heartbeats] = await Promise.all([
      listAll(transport, NODES),
      listAll(transport, REPORTED_NODES),
      listHeartbeats(transport, namespace),
    ]);
    const reports = new Map(reported.map(({ name, status }) => [name, status]));
    return found.map((node) =>
      candidateOf(node, liveness.isAlive(node.name, heartbeats.get(node.name)), reports.get(node.name)),
    );
  });
  return {
    node: (name) => recent.look(name),
    recentNode: (name) => recent.recent(name),
    candidates: () => all.look(''),
    recentCandidates: () => all.recent(''),
  };
}

function candidateOf(node: Node, agentAlive: boolean, report: Candidate['report']): Candidate {
  const { name, labels, isCordoned, taints } = node;
  return { name, labels, isCordoned, taints, agentAlive, ...(report === undefined ? {} : { report }) };
}

/** Those of a kind that can be read. */
async function listAll<T>(transport: KubeTransport, type: ResourceType<T>): Promise<T[]> {
  const { items } = await new ResourceClient(transport, type).list();
  return items.flatMap(({ parsed }) => (parsed.ok ? [parsed.value] : []));
}
