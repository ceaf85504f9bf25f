import type { EngineInfo } from '../../docker/engine';
import { findWakeProblems as findDockerWakeProblems } from '../../driver/docker/checks';
import type { Driver } from '../../driver/driver';
import type { NodeAccess, ProbeResult } from '../ports';
import type { NodeLook } from './assess';

/** What a look acts on. */
export interface LookDeps {
  readonly node: Pick<NodeAccess, 'name' | 'survey' | 'probeCriu' | 'probeVolume'>;
  readonly engine: { info(): Promise<EngineInfo>; componentVersions(): Promise<Readonly<Record<string, string>>> };
  readonly checkWake: Driver['checkWake'];
}

/**
 * How an agent looks at its node. The real dump by which CRIU is tried is made anew only when it failed, or CRIU, runc or
 * the kernel is another one by now: what worked goes on working, and a dump disturbs.
 */
export function createLook({ node, engine, checkWake }: LookDeps): () => Promise<NodeLook> {
  let tried: { readonly with: string; readonly result: ProbeResult } | undefined;
  return async () => {
    const [facts, info, components] = await Promise.all([
      node.survey({ volume: false }),
      engine.info(),
      engine.componentVersions(),
    ]);
    const versions = [facts.criu, facts.runc, facts.kernel].join(' ');
    if (tried?.with !== versions || !tried.result.ok) tried = { with: versions, result: await node.probeCriu() };
    return {
      nodeName: node.name,
      facts,
      docker: info.version,
      containerd: components['containerd'],
      criu: tried.result,
      volume: await node.probeVolume(),
      wake: await checkWake(info),
      wakeByDocker: findDockerWakeProblems(info),
    };
  };
}
