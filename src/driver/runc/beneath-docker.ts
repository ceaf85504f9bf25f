import type { Driver } from '../driver';
import { abandonDump, prepareDump } from './freeze';
import { dropLinks } from './link-remaps';
import type { BeneathDocker } from './options';
import { findSilenceProblems, openNetwork, silenceNetwork } from './silence';

/** What is done to a container itself and to its network, whoever dumps it: the same for each driver. */
export function stepsBeneathDocker(
  options: BeneathDocker,
): Pick<Driver, 'checkSilence' | 'silence' | 'openNetwork' | 'prepareDump' | 'abandonDump' | 'letRun'> {
  return {
    checkSilence: (container) => findSilenceProblems(container, options),
    silence: (container) => silenceNetwork(container, options),
    openNetwork: ({ pid }) => openNetwork(pid, options.run),
    prepareDump: (container, target, { signal } = {}) => prepareDump(container, target, options, signal),
    abandonDump: (container) => abandonDump(container, options),
    letRun: async (container) => {
      await dropLinks(container, options);
      await options.signalAll(container.pid, 'SIGCONT');
      await openNetwork(container.pid, options.run);
    },
  };
}
