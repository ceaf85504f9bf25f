import { keyOf } from '../../api/types';
import type { Find } from './finds';

/** As much of a ContainerMigration as says which one it is. */
export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whose a find is: of an object that exists, or of one that is gone for good; or this agent is at work for it now. */
export type Owner =
  | { readonly is: 'there'; readonly key: string }
  | { readonly is: 'gone' }
  | { readonly is: 'busy' }
  /** Nobody's in particular. */
  | { readonly is: 'none' };

/**
 * Finds the owner among all objects that the API server has, asked after the find was made. An object by the same name
 * with another UID is another one.
 *
 * @param busy UIDs of the objects that a reconcile works for just now
 */
export function ownerOf(find: Find, objects: readonly Identity[], busy: readonly string[]): Owner {
  const isOwner = matcher(find);
  if (isOwner === undefined) return { is: 'none' };
  const object = objects.find(isOwner);
  if (object !== undefined) return { is: 'there', key: keyOf({ metadata: object }) };
  return busy.some((uid) => uidMatches(find, uid)) ? { is: 'busy' } : { is: 'gone' };
}

function matcher(find: Find): ((object: Identity) => boolean) | undefined {
  switch (find.kind) {
    case 'container':
    case 'reservation':
    case 'config':
    case 'volumes':
    case 'directories':
      return ({ uid }) => uidMatches(find, uid);
    case 'process':
    case 'attempt': {
      const { namespace, name } = find.kind === 'process' ? find.directory : find.attempt;
      return (object) => object.namespace === namespace && object.name === name && uidMatches(find, object.uid);
    }
    case 'marker':
    case 'scrap':
      return undefined;
  }
}

function uidMatches(find: Find, uid: string): boolean {
  switch (find.kind) {
    case 'container':
    case 'config':
    case 'volumes':
    case 'directories':
      return find.migrationUID === uid;
    case 'reservation':
      return find.entry.migrationUID === uid;
    case 'process':
      return uid.startsWith(find.directory.uidPrefix);
    case 'attempt':
      return uid.startsWith(find.attempt.uidPrefix);
    case 'marker':
    case 'scrap':
      return false;
  }
}
