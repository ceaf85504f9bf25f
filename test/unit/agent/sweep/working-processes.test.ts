import { parseCommandLine } from '../../../../src/agent/sweep/working-processes';

const ROOT = '/mnt/transship';
const OURS = 'default/move-01234567/1';
const directory = { namespace: 'default', name: 'move', uidPrefix: '01234567' };

test.each([
  [
    'runc',
    `runc --root /run/x checkpoint --leave-running --image-path ${ROOT}/${OURS}/images --work-path /w ${'c'.repeat(64)}`,
  ],
  ['runc', `/usr/bin/runc checkpoint --image-path ${ROOT}/${OURS}/images ${'c'.repeat(64)}`],
  ['tar', `tar --create --file=${ROOT}/${OURS}/.new-rootfs.tar-1 --directory=/var/lib/docker/x .`],
  ['tar', `tar --extract --file=${ROOT}/${OURS}/rootfs.tar --directory=/var/lib/docker/x`],
  ['tar', `env LC_ALL=C tar --create --file=${ROOT}/${OURS}/.new-rootfs.tar-1 .`],
])('%s at work on a checkpoint: %s', (program, line) => {
  expect(parseCommandLine(7, line.split(' '), ROOT)).toEqual({ kind: 'process', pid: 7, program, directory });
});

test.each([
  ['a restore', `runc --root /run/x restore --image-path ${ROOT}/${OURS}/images ${'c'.repeat(64)}`],
  ['another program', `less ${ROOT}/${OURS}/container.json`],
  ['a path that only looks alike', `tar --create --file=${ROOT}2/${OURS}/rootfs.tar .`],
  ['a path of nobody', `tar --create --file=${ROOT}/backup.tar .`],
  ['somebody who packs the whole volume', `tar --create --file=/tmp/all.tar ${ROOT}`],
  ['a process that is gone', ''],
])('%s is none: %s', (_what, line) => {
  expect(parseCommandLine(7, line === '' ? [] : line.split(' '), ROOT)).toBeUndefined();
});
