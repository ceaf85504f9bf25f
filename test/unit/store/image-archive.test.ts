import fc from 'fast-check';
import { ImageArchiveCheck } from '../../../src/store/image-archive';
import type { Member } from '../../lib/hostile-archive';
import { archiveOf } from '../../lib/hostile-archive';
import { changed, savedImage } from '../../lib/image-archive';

const { id, members, archive } = savedImage('.'.repeat(3_000));
const manifestOf = (image: object): string =>
  JSON.stringify([{ Config: `blobs/sha256/${id.slice(7)}`, RepoTags: null, Layers: [], ...image }]);

const refusal = expect.objectContaining({ reason: 'ImageArchiveInvalid' }) as Error;

function look(bytes: Buffer, pieceBytes = bytes.length): void {
  const check = new ImageArchiveCheck(id);
  for (let at = 0; at < bytes.length; at += pieceBytes) check.push(bytes.subarray(at, at + pieceBytes));
  check.finish();
}

test('an image as Docker saves it is taken, in pieces of whatever size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), (pieceBytes) => {
      look(archive, pieceBytes);
    }),
  );
});

test('a layer whose size stands in a pax header is taken', () => {
  const [blobs, directory, config, layer, ...others] = members as [Member, Member, Member, Member, ...Member[]];
  const size = String(layer.content?.length ?? 0);
  const record = ` size=${size}\n`;
  const pax: Member = { name: 'PaxHeaders.0', type: 'pax', content: `${record.length + 2}${record}` };
  look(archiveOf([blobs, directory, config, pax, layer, ...others]));
});

test('one that ends anywhere is not whole', () => {
  // Two blocks of zeros end it: with one alone it is cut off.
  fc.assert(
    fc.property(fc.integer({ min: 0, max: archive.length - 1 }), (end) => {
      expect(() => {
        look(archive.subarray(0, end));
      }).toThrow(refusal);
    }),
  );
});

const file = (name: string, content = ''): Member => ({ name, type: 'file', content });
const pax = (content: string): Member => ({ name: 'x', type: 'pax', content });

const hostile: [string, readonly Member[]][] = [
  ['names', changed(members, 'manifest.json', manifestOf({ RepoTags: ['postgres:16'] }))],
  ['names in a field that Docker takes for the same', changed(members, 'manifest.json', manifestOf({ repotags: [] }))],
  ['names in the old way', [...members, file('repositories', '{"postgres":{}}')]],
  [
    'a second image',
    changed(members, 'manifest.json', `[${manifestOf({}).slice(1, -1)},${manifestOf({}).slice(1, -1)}]`),
  ],
  ['another image', changed(members, 'manifest.json', manifestOf({ Config: `blobs/sha256/${'0'.repeat(64)}` }))],
  ['another image by the same name', changed(members, `blobs/sha256/${id.slice(7)}`, '{}')],
  ['a layer that is not there', changed(members, 'manifest.json', manifestOf({ Layers: ['blobs/sha256/x'] }))],
  ['no manifest', changed(members, 'manifest.json', undefined)],
  ['a manifest that is not JSON', changed(members, 'manifest.json', '[')],
  ['a manifest twice', [...members, file('manifest.json', manifestOf({}))]],
  ['a name that leads out', [...members, file('../../etc/passwd')]],
  ['a link', [...members, { name: 'index.json2', type: 'symlink', target: 'manifest.json' }]],
  ['a link by the name of a blob', [...members, { name: `blobs/sha256/${'1'.repeat(64)}`, type: 'hardlink' }]],
  ['a device', [...members, { name: 'oci-layout', type: 'device' }]],
  ['a pax header that names another file', [...members, pax('22 path=manifest.json\n')]],
  ['a pax header that says nothing', [...members, pax('evil')]],
  ['a pax header with a length of its own', [...members, pax('1 size=1\n')]],
];

test.each(hostile)('one that holds %s is refused', (_what, evil) => {
  expect(() => {
    look(archiveOf(evil));
  }).toThrow(refusal);
});

test.each<[string, Buffer]>([
  ['something behind its end', Buffer.concat([archive, archiveOf([file('manifest.json', manifestOf({}))])])],
  ['what Docker appends when it fails in the middle', Buffer.concat([archive, Buffer.from('{"error":"no space"}\n')])],
  ['no tar at all', Buffer.from('{"message":"no"}'.padEnd(2_048))],
  ['nothing', Buffer.alloc(0)],
])('%s is refused', (_what, bytes) => {
  expect(() => {
    look(bytes);
  }).toThrow(refusal);
});

test('a damaged header is refused', () => {
  const damaged = Buffer.from(archive);
  damaged[3] = (damaged[3] ?? 0) ^ 1;
  expect(() => {
    look(damaged);
  }).toThrow('not a plain tar archive');
});
