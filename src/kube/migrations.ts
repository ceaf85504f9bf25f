import type { ContainerMigration, MigrationRequest } from '../api/types';
import { API_VERSION, KIND, PLURAL } from '../api/types';
import { parseMigration, parseRequest } from '../api/validate';
import type { ResourceType } from './resource-client';

/** ContainerMigrations, checked against the CRD's schema whenever they are read. */
export const REQUESTS: ResourceType<MigrationRequest> = {
  apiVersion: API_VERSION,
  kind: KIND,
  plural: PLURAL,
  namespaced: true,
  parse: parseRequest,
};

/** The same, of which each must have a target node. */
export const MIGRATIONS: ResourceType<ContainerMigration> = { ...REQUESTS, parse: parseMigration };
