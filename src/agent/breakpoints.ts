import type { Gate } from '../runtime/breakpoints';
import { withBreakpoints } from '../runtime/breakpoints';
import type { AgentDeps } from './ports';

/** Everything that the steps act on, with a boundary before and after each call; without a gate the same as given. */
export function holdable(deps: AgentDeps, gate: Gate | undefined): AgentDeps {
  if (gate === undefined) return deps;
  return {
    ...deps,
    migrations: withBreakpoints('migrations', deps.migrations, gate, { cached: 'sync', list: 'sync' }),
    dockerVolumes: withBreakpoints('dockerVolumes', deps.dockerVolumes, gate, {}),
    dockerNetworks: withBreakpoints('dockerNetworks', deps.dockerNetworks, gate, {}),
    mountFiles: withBreakpoints('mountFiles', deps.mountFiles, gate, {}),
    volumeLedger: withBreakpoints('volumeLedger', deps.volumeLedger, gate, {}),
    hostDirectories: withBreakpoints('hostDirectories', deps.hostDirectories, gate, {}),
    directoryNotes: withBreakpoints('directoryNotes', deps.directoryNotes, gate, {}),
    images: withBreakpoints('images', deps.images, gate, {}),
    driver: withBreakpoints('driver', deps.driver, gate, { createOptions: 'sync' }),
    dockerDriver: withBreakpoints('driver', deps.dockerDriver, gate, { createOptions: 'sync' }),
    moveHooks: withBreakpoints('moveHooks', deps.moveHooks, gate, {}),
    addressGate: withBreakpoints('addressGate', deps.addressGate, gate, {}),
    store: withBreakpoints('store', deps.store, gate, {}),
    node: withBreakpoints('node', deps.node, gate, {}),
    journal: withBreakpoints('journal', deps.journal, gate, {}),
  };
}
