import type { ContainerMigration } from '../api/types';
import type { Driver, DriverName } from '../driver/driver';
import type { AgentDeps } from './ports';

/** The drivers of a node, each by its name. `driver` is the one that a migration goes by as long as none is chosen. */
export type Drivers = Pick<AgentDeps, 'driver' | 'dockerDriver'>;

export function driverNamed(name: DriverName, { driver, dockerDriver }: Drivers): Driver {
  return name === 'docker' ? dockerDriver : driver;
}

/**
 * What the steps of this migration act on, with the driver that the controller wrote down before anything was touched: the
 * only one that either agent goes by. An object without one is of a controller that knew of none but `runc`.
 */
export function withChosenDriver(deps: AgentDeps, { status: { decision } }: ContainerMigration): AgentDeps {
  return decision?.driver?.name === 'docker' ? { ...deps, driver: deps.dockerDriver } : deps;
}
