import { findHeartbeat } from '../kube/agent-leases';
import { NODES } from '../kube/nodes';
import { ResourceClient } from '../kube/resource-client';
import type { KubeTransport } from '../kube/transport';
import type { Clock } from '../runtime/clock';
import { AgentLiveness } from './agent-liveness';
import type { ClusterView } from './ports';
import { RecentNodes } from './recent-nodes';

/** Nodes and agents, asked of the API server: the few that matter. */
export function createClusterView(transport: KubeTransport, clock: Clock, namespace: string): ClusterView {
  const nodes = new ResourceClient(transport, NODES);
  const liveness = new AgentLiveness(clock);
  const recent = new RecentNodes(clock, async (name) => {
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
  return { node: (name) => recent.look(name), recentNode: (name) => recent.recent(name) };
}
