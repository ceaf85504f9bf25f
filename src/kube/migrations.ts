import type { ContainerMigration } from '../api/types';
import { API_VERSION, KIND, PLURAL } from '../api/types';
import { parseMigration } from '../api/validate';
import type { ResourceType } from './resource-client';

/** ContainerMigrations, checked against the CRD's schema whenever they are read. */
export const MIGRATIONS: ResourceType<ContainerMigration> = {
  apiVersion: API_VERSION,
  kind: KIND,
  plural: PLURAL,
  namespaced: true,
  parse: parseMigration,
};
