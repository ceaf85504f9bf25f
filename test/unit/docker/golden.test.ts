/** The mapping against what both Engines really answered; the expectations are read by a person when they change. */
import { configSchema, hostConfigSchema } from '../../../src/docker/description-schema';
import { isSet } from '../../../src/docker/known-fields';
import { member } from '../../../src/docker/record';
import { casesOf } from '../../lib/case-containers';
import { mapped, readGolden } from '../../lib/golden';
import { fixtureNames, fixtureProfiles, inspectAnswer } from '../../lib/inspect-fixtures';

const everything = fixtureProfiles().flatMap((profile) =>
  fixtureNames(profile).map((name) => [profile, name] as const),
);

test.each(everything)('%s %s is mapped as it was agreed', (profile, name) => {
  // After a change that was meant: npx ts-node scripts/record-inspects.ts --golden, and read the diff.
  expect(mapped(profile, name)).toEqual(readGolden(profile, name));
});

/** What no container of the lab can have, and why. */
const NOT_RECORDED = {
  Config: [
    // Only in the configuration of an image.
    ...['OnBuild', 'Shell', 'ArgsEscaped'],
    // Only over the API; nobody's client sets it.
    'NetworkDisabled',
  ],
  HostConfig: [
    // Windows.
    ...['CpuCount', 'CpuPercent', 'IOMaximumIOps', 'IOMaximumBandwidth'],
    // Gone from the Engines, known for descriptions of older ones.
    ...['KernelMemory', 'KernelMemoryTCP', 'Cgroup'],
    // Needs a real-time scheduler in the kernel, which the lab's lacks.
    ...['CpuRealtimePeriod', 'CpuRealtimeRuntime'],
    // Taken away by Engines where the kernel has no controller for them, as the lab's has not.
    ...['BlkioWeight', 'BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps'],
    ...['BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps'],
    // Needs project quotas on the lab's disk.
    'StorageOpt',
    // Set by a client that sits at a terminal.
    'ConsoleSize',
  ],
};

describe.each(fixtureProfiles())('the records of %s', (profile) => {
  test('are those of all cases', () => {
    expect(fixtureNames(profile).sort()).toEqual(
      casesOf(profile)
        .map(({ name }) => name)
        .sort(),
    );
  });

  test.each([
    ['Config', configSchema],
    ['HostConfig', hostConfigSchema],
  ] as const)('set every field of %s between them', (part, schema) => {
    const fields = Object.keys(member(schema, 'properties'));
    const records = fixtureNames(profile).map((name) => member(inspectAnswer(profile, name), part));
    const unset = fields.filter((field) => !records.some((record) => isSet(record[field])));
    expect(unset.filter((field) => !NOT_RECORDED[part].includes(field))).toEqual([]);
  });
});
