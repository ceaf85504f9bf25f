import { digestOf } from '../../src/store/digest';
import type { Member } from './hostile-archive';
import { archiveOf } from './hostile-archive';

/** An image with one layer, as `docker save` of its ID writes it. */
export interface SavedImage {
  /** `sha256:…` */
  readonly id: string;
  readonly members: readonly Member[];
  readonly archive: Buffer;
}

const file = (name: string, content: string): Member => ({ name, type: 'file', content });

/** @param filling what makes its layer larger */
export function savedImage(filling = ''): SavedImage {
  const layer = `files of the image${filling}`;
  const config = JSON.stringify({ rootfs: { diff_ids: [digestOf(layer)] } });
  const [id, layerPath] = [digestOf(config), `blobs/sha256/${digestOf(layer).slice(7)}`];
  const configPath = `blobs/sha256/${id.slice(7)}`;
  const members: Member[] = [
    { name: 'blobs/', type: 'directory' },
    { name: 'blobs/sha256/', type: 'directory' },
    file(configPath, config),
    file(layerPath, layer),
    file('index.json', '{}'),
    file('manifest.json', JSON.stringify([{ Config: configPath, RepoTags: null, Layers: [layerPath] }])),
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
  ];
  return { id, members, archive: archiveOf(members) };
}

/** The same members, one of them with another content; or without it. */
export function changed(members: readonly Member[], name: string, content: string | undefined): Member[] {
  return members.flatMap((member) => {
    if (member.name !== name) return [member];
    return content === undefined ? [] : [{ ...member, content }];
  });
}
