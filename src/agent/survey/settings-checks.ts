import type { Check, Spec } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { Uncarried } from '../../docker/uncarried';
import { readUncarried } from '../../docker/uncarried';
import { blocking } from '../node-checks';

/** Which of the container's settings do not arrive, or not as they were, each by its name. Pure. */
export function settingsChecks(container: ContainerInfo, { afterSuccess }: Pick<Spec, 'afterSuccess'>): Check[] {
  const has = readUncarried(container);
  const who = `container ${container.name}`;
  return [
    ...settingChecks(who, has),
    ...tieChecks(who, has),
    ...anewChecks(who, has),
    ...(has.autoRemove && afterSuccess === 'Keep' ? [notKept(who)] : []),
  ];
}

function settingChecks(who: string, { unknown, unknownOfNetworks, mounts, profile }: Uncarried): Check[] {
  const checks: Check[] = [];
  if (unknown.length > 0) {
    checks.push(
      blocking(
        'SettingsUnknown',
        `${who} has settings that this version of Transship does not know and would lose: ${shown(unknown)}; ` +
          'create it without them, or install a version that knows this Docker',
      ),
    );
  }
  if (mounts.length > 0) {
    checks.push(
      blocking(
        'MountTypeUnsupported',
        `${who} has mounts that are neither volumes, directories nor tmpfs and cannot be carried: ${shown(mounts)}`,
      ),
    );
  }
  if (unknownOfNetworks.length > 0) {
    const message =
      `Docker shows fields of the networks of ${who} that this version of Transship does not know: ` +
      `${shown(unknownOfNetworks)}; if somebody has set them, they do not arrive`;
    checks.push({ reason: 'NetworkSettingsUnknown', message, blocking: false });
  }
  if (profile !== undefined) {
    const message = `${who} runs under the AppArmor profile ${shown([profile])}, which must be loaded on the target too`;
    checks.push({ reason: 'AppArmorProfileNeeded', message, blocking: false });
  }
  return checks;
}

/** What ties the container to others on its node; its links are told with its networks. */
function tieChecks(who: string, { joined }: Uncarried): Check[] {
  if (joined.length === 0) return [];
  const message = `${who} lives in a namespace of another container, which does not move with it: ${shown(joined)}`;
  return [blocking('NamespaceModeUnsupported', message)];
}

/** What Docker makes or counts by itself, and begins anew on the target. */
function anewChecks(who: string, { chosenPorts, health, restarts }: Uncarried): Check[] {
  const checks: Check[] = [];
  if (chosenPorts.length > 0) {
    const message =
      `Docker has chosen ports for ${who} and chooses others on the target: ${shown(chosenPorts)}; ` +
      'publish ports by number (-p 8080:80) to keep them';
    checks.push({ reason: 'PortsChosenAnew', message, blocking: false });
  }
  if (health !== undefined) {
    const message =
      `Docker says of ${who} that it is ${shown([health])}; on the target it says "starting" until its first probe ` +
      'there, which comes after the interval of the health check';
    checks.push({ reason: 'HealthStartsAnew', message, blocking: false });
  }
  if (restarts > 0) {
    const message =
      `Docker has restarted ${who} ${restarts} times and counts from 0 on the target; the label ` +
      'transship.dev/restart-count keeps the number';
    checks.push({ reason: 'RestartCountStartsAnew', message, blocking: false });
  }
  return checks;
}

function notKept(who: string): Check {
  const message = `spec.afterSuccess is Keep, but ${who} was created with --rm: Docker removes the original when it ends`;
  return { reason: 'OriginalNotKept', message, blocking: false };
}

/** Names may come from anybody, and a message has its bounds. */
function shown(names: readonly string[]): string {
  const most = names.slice(0, 10).map((name) => name.slice(0, 100));
  return [...most, ...(names.length > most.length ? [`${names.length - most.length} more`] : [])].join(', ');
}
