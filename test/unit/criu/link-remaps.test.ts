import { isRemapName, parseLinkRemaps } from '../../../src/criu/link-remaps';
import { criuFixture } from '../../lib/driver-setup';

const files = criuFixture('link-remap-files.img');
const remaps = criuFixture('link-remap-fpath.img');

test('the links that a dump of CRIU 4.2.1 relies on', () => {
  expect(parseLinkRemaps(files, remaps)).toEqual([{ path: '/name-a', link: '/link_remap.12' }]);
});

test('none where nothing was remapped', () => {
  expect(parseLinkRemaps(files, new Uint8Array())).toEqual([]);
  expect(parseLinkRemaps(new Uint8Array(), new Uint8Array())).toEqual([]);
});

test('nothing is made of an image that was cut, or of one without the file', () => {
  expect(parseLinkRemaps(files.subarray(0, -1), remaps)).toBeUndefined();
  expect(parseLinkRemaps(files, remaps.subarray(0, -1))).toBeUndefined();
  expect(parseLinkRemaps(files, remaps.subarray(0, 10))).toBeUndefined();
  expect(parseLinkRemaps(new Uint8Array(), remaps)).toBeUndefined();
});

test.each([
  ['/link_remap.1', true],
  ['/a/b/link_remap.12', true],
  ['link_remap.1', false],
  ['/../etc/link_remap.1', false],
  ['/etc/passwd', false],
  ['/link_remap.1/x', false],
])('%s is a name of CRIU: %s', (name, expected) => {
  expect(isRemapName(name)).toBe(expected);
});
