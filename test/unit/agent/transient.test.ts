import { isTransient } from '../../../src/agent/transient';
import { engineError } from '../../../src/docker/errors';
import { KubeError } from '../../../src/kube/errors';
import { ReasonedError, TerminalError } from '../../../src/runtime/errors';
import { volumeError } from '../../../src/store/volume-errors';

const reason = (name: string, cause?: unknown): ReasonedError => new ReasonedError(name, 'for the test', { cause });
const api = (statusCode: number | undefined): KubeError => new KubeError('Test', 'for the test', { statusCode });
const code = (name: string): Error => Object.assign(new Error(name), { code: name });
/** As docker-modem rejects. */
const docker = (statusCode: number, message: string): ReasonedError =>
  engineError('start it', '/run/docker.sock', Object.assign(new Error(message), { statusCode, json: { message } }));
const volume = (name: string): ReasonedError => volumeError('/mnt/transship', code(name));

const passing: Record<string, unknown> = {
  'an API server that does not answer': api(undefined),
  'an API server in trouble': api(500),
  'an API server behind a proxy in trouble': api(502),
  'an API server that asks for patience': api(429),
  'a dockerd that is away': engineError('list', '/run/docker.sock', code('ECONNREFUSED')),
  'a dockerd that went away in the middle': engineError('list', '/run/docker.sock', code('ECONNRESET')),
  'a dockerd that is slow': engineError('list', '/run/docker.sock', reason('DeadlineExceeded')),
  'a dockerd that the machine could not reach': engineError('list', '/run/docker.sock', code('EMFILE')),
  'a dockerd that starts': docker(503, 'not ready'),
  'a containerd that was killed': docker(500, 'error reading from server: EOF'),
  'a containerd that is away': docker(
    500,
    'connection error: desc = "transport: Error while dialing: dial unix /run/docker/containerd/containerd.sock: connect: connection refused"',
  ),
  'a start of which dockerd died': reason('StartFailed', engineError('start', '/run/docker.sock', code('ECONNRESET'))),
  'a runc for which there was no memory': reason('RuncFailed', reason('CommandNotStarted', code('ENOMEM'))),
  'a hung volume': reason('VolumeHung'),
  'a full volume': volume('ENOSPC'),
  'a volume over its quota': volume('EDQUOT'),
  'a read-only volume': volume('EROFS'),
  'a volume with an I/O error': volume('EIO'),
  'a volume that was exported anew': volume('ESTALE'),
  'a killed CRIU': reason('CriuKilled'),
  'a container that ran on during its dump': reason('NotFrozen'),
  'a killed restore': reason('RestoreInterrupted'),
  'a client that was just connecting': reason('ConnectionsInFlight'),
  'a registry that does not answer': reason('ImagePullFailed'),
  'an image that Docker gave in part': reason('ImageNotSaved'),
  'a load of which containerd died': reason(
    'ImageNotLoaded',
    Object.assign(new Error('transport is closing'), { statusCode: 500 }),
  ),
};

const lasting: Record<string, unknown> = {
  'a refusal of the API server': api(422),
  'a lost race': api(409),
  'a missing right': api(403),
  'a name that is taken': docker(409, 'Conflict. The container name "/x" is already in use'),
  'a start that failed by itself': docker(500, 'failed to create task: OCI runtime create failed: no such file'),
  'a start of which nobody knows why': reason('StartFailed'),
  'a runc that is missing': reason('RuncFailed', reason('CommandNotFound')),
  'a container that is gone': reason('SourceLost'),
  'a container that does not run': reason('ContainerNotRunning'),
  'a dump that CRIU refused': reason('CriuDumpFailed'),
  'a dump that took too long': reason('CriuTimedOut', reason('CommandTimedOut')),
  'a wake-up that took too long': reason('WakeTimedOut', reason('EngineTimedOut')),
  'a restore that CRIU refused': reason('CriuRestoreFailed'),
  'a fresh start': reason('NotARestore'),
  'a damaged checkpoint': reason('CheckpointCorrupt'),
  'a checkpoint that is nowhere to be seen': reason('CheckpointMissing'),
  'a volume that may not be written': volume('EACCES'),
  'a path that leads out of the volume': new TerminalError('PathNotConfined', 'for the test'),
  'a registry that refuses': reason('ImageNotPullable'),
  'an image for which Docker has no room': reason(
    'ImageNotLoaded',
    Object.assign(new Error('no space left on device'), { statusCode: 500 }),
  ),
  'another image': reason('ImageDiffers'),
  'a damaged image': reason('ImageArchiveCorrupt'),
  'an open connection': reason('EstablishedConnections'),
  'a fault of ours': new TypeError('undefined is not a function'),
  'no error at all': 'a string',
};

test.each(Object.entries(passing))('%s may pass', (_what, error) => {
  expect(isTransient(error)).toBe(true);
});

test.each(Object.entries(lasting))('%s will not pass', (_what, error) => {
  expect(isTransient(error)).toBe(false);
});
