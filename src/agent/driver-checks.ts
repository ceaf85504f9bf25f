import type { Check, DriverReport, SourceStatus, Spec } from '../api/types';
import type { ContainerInfo, EngineInfo } from '../docker/engine';
import type { Driver, Finding } from '../driver/driver';
import { allowedDrivers, isPossible } from '../protocol/driver-choice';
import type { Drivers } from './chosen-driver';
import { driverNamed } from './chosen-driver';
import { memoryFindings } from './target/memory';

/** What a node's look at the drivers comes to. */
export interface DriversSeen {
  readonly drivers: DriverReport[];
  /** What stands against the move whichever of them is chosen, and what is worth knowing of the first that is possible. */
  readonly checks: Check[];
}

/** Which drivers can freeze this container here. Changes nothing. */
export function sourceDrivers(
  container: ContainerInfo,
  spec: Pick<Spec, 'driver' | 'connections'>,
  drivers: Drivers,
): Promise<DriversSeen> {
  return seeDrivers(spec, drivers, undefined, (driver) => driver.checkFreeze(container, spec));
}

/**
 * Which drivers can wake it up here, of those that the source can freeze it by. Changes nothing.
 * @param needs what the container's sockets ask of the network
 */
export function targetDrivers(
  engine: EngineInfo,
  source: Pick<SourceStatus, 'drivers' | 'networks'> | undefined,
  needs: { readonly addresses: boolean },
  spec: Pick<Spec, 'driver' | 'memory'>,
  drivers: Drivers,
): Promise<DriversSeen> {
  const container = { hasNodeNetwork: source?.networks?.includes('host') === true };
  return seeDrivers(spec, drivers, source, async (driver) => [
    ...(await driver.checkWake(engine, container)),
    ...(needs.addresses ? await driver.checkAddresses(engine) : []),
    ...(await memoryFindings(spec, engine, driver)),
  ]);
}

async function seeDrivers(
  spec: Pick<Spec, 'driver'>,
  drivers: Drivers,
  source: Pick<SourceStatus, 'drivers'> | undefined,
  look: (driver: Driver) => Promise<readonly Finding[]>,
): Promise<DriversSeen> {
  const seen = [];
  for (const name of allowedDrivers(spec)) seen.push({ name, found: await look(driverNamed(name, drivers)) });
  const reports = seen.map(({ name, found }) => {
    const problems = found.filter(({ blocking }) => blocking).map(({ reason, message }) => ({ reason, message }));
    return { name, ...(problems.length === 0 ? {} : { problems }) };
  });
  const possible = seen.find(
    ({ name }) => isPossible(name, { drivers: reports }) && (source === undefined || isPossible(name, source)),
  );
  if (possible !== undefined) return { drivers: reports, checks: possible.found.map(checkOf) };
  if (spec.driver !== 'Auto') return { drivers: reports, checks: seen.flatMap(({ found }) => found.map(checkOf)) };
  return { drivers: reports, checks: [...againstAll(reports), ...againstAll(source?.drivers ?? [])] };
}

const checkOf = ({ reason, message, blocking }: Finding): Check => ({ reason, message, blocking });

/** Whoever left the choice open is told of which driver each is. */
function againstAll(reports: readonly DriverReport[]): Check[] {
  return reports.flatMap(({ name, problems = [] }) =>
    problems.map(({ reason, message }) => ({ reason, message: `driver ${name}: ${message}`, blocking: true })),
  );
}
