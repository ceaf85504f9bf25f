import fc from 'fast-check';
import { withoutRuntime, withRuntime } from '../../../../src/agent/install/daemon-json';

const entry = { name: 'transship', path: '/opt/transship/oci/transship-runc' };
const ours = { transship: { path: entry.path } };
const reasonOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as { reason: string }).reason;
  }
  return 'none';
};

describe('adding the runtime', () => {
  test.each([undefined, '', ' \n'])('to no text (%j) makes a file', (text) => {
    expect(withRuntime(text, entry)).toBe(
      '{\n  "runtimes": {\n    "transship": {\n      "path": "/opt/transship/oci/transship-runc"\n    }\n  }\n}\n',
    );
  });

  test.each([
    ['nothing else', '{}', '{"runtimes": {"transship":{"path":"/opt/transship/oci/transship-runc"}}}'],
    [
      'one line',
      '{"debug":true}\n',
      '{"debug":true,"runtimes": {"transship":{"path":"/opt/transship/oci/transship-runc"}}}\n',
    ],
    [
      'four blanks, as the GPU toolkit writes it',
      '{\n    "runtimes": {\n        "nvidia": {\n            "args": [],\n            "path": "nvidia-container-runtime"\n        }\n    }\n}',
      '{\n    "runtimes": {\n        "nvidia": {\n            "args": [],\n            "path": "nvidia-container-runtime"\n        },\n        "transship": {\n            "path": "/opt/transship/oci/transship-runc"\n        }\n    }\n}',
    ],
    [
      'tabs, and the line ends of another system',
      '{\r\n\t"debug" :  true\r\n}\r\n',
      '{\r\n\t"debug": true,\r\n\t"runtimes": {\r\n\t\t"transship": {\r\n\t\t\t"path": "/opt/transship/oci/transship-runc"\r\n\t\t}\r\n\t}\r\n}\r\n',
    ],
    [
      'numbers that no number of ours can hold, and odd blanks',
      '{\n  "x" : 12345678901234567890123,\n  "mtu":1500 }\n',
      '{\n  "x" : 12345678901234567890123,\n  "mtu": 1500,\n  "runtimes": {\n    "transship": {\n      "path": "/opt/transship/oci/transship-runc"\n    }\n  }\n}\n',
    ],
  ])('keeps the form of a file with %s', (_what, before, after) => {
    expect(withRuntime(before, entry)).toBe(after);
  });

  test('leaves a file alone that has it', () => {
    expect(withRuntime(JSON.stringify({ runtimes: ours }), entry)).toBeUndefined();
    expect(
      withRuntime(JSON.stringify({ runtimes: { transship: { path: entry.path, runtimeArgs: [] } } }), entry),
    ).toBeUndefined();
  });

  test.each([
    ['cut off', '{"debug": true', 'DaemonConfigInvalid'],
    ['with a comment', '{} // ours', 'DaemonConfigInvalid'],
    ['with a comma too many', '{"debug": true,}', 'DaemonConfigInvalid'],
    ['of a list', '[]', 'DaemonConfigInvalid'],
    ['of nothing', 'null', 'DaemonConfigInvalid'],
    ['whose runtimes are a list', '{"runtimes": []}', 'DaemonConfigInvalid'],
    ['whose runtimes are null', '{"runtimes": null}', 'DaemonConfigInvalid'],
    ['that says runtimes twice', '{"runtimes": {}, "runtimes": {"a": {"path": "/a"}}}', 'DaemonConfigInvalid'],
    ['with another runtime of the name', '{"runtimes": {"transship": {"path": "/other"}}}', 'RuntimeConflict'],
    ['with a shim of the name', '{"runtimes": {"transship": {"runtimeType": "x"}}}', 'RuntimeConflict'],
    ['whose runtime is a word', '{"runtimes": {"transship": "/opt"}}', 'RuntimeConflict'],
  ])('refuses a text %s', (_what, text, reason) => {
    expect(reasonOf(() => withRuntime(text, entry))).toBe(reason);
    expect(['none', reason]).toContain(reasonOf(() => withoutRuntime(text, entry)));
  });
});

describe('taking it out', () => {
  test('leaves nothing of it', () => {
    expect(withoutRuntime(JSON.stringify({ runtimes: ours, debug: true }, null, 2), entry)).toBe(
      '{\n  "debug": true\n}',
    );
    expect(withoutRuntime(`{"a": 1, "runtimes": ${JSON.stringify({ ...ours, b: {} })}}`, entry)).toBe(
      '{"a": 1, "runtimes": {"b":{}}}',
    );
  });

  test.each([undefined, '', '{}', '{"runtimes":{"other":{"path":"/x"}}}'])('leaves %j alone', (text) => {
    expect(withoutRuntime(text, entry)).toBeUndefined();
  });

  test('refuses to take the default runtime away, or another one', () => {
    const standard = JSON.stringify({ runtimes: ours, 'default-runtime': 'transship' });
    expect(reasonOf(() => withoutRuntime(standard, entry))).toBe('RuntimeConflict');
    const other = JSON.stringify({ runtimes: { transship: { path: '/usr/bin/other' } } });
    expect(reasonOf(() => withoutRuntime(other, entry))).toBe('RuntimeConflict');
  });
});

describe('whatever else the file says', () => {
  // What JSON can say: -0 is 0 in it, and __proto__ sets no property of the object that the comparison is made with.
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  const key = fc.string().filter((name) => name !== '__proto__');
  const runtimes = fc.dictionary(
    key.filter((name) => name !== 'transship'),
    json,
    { maxKeys: 4 },
  );
  const config = fc
    .tuple(
      fc.dictionary(
        key.filter((name) => name !== 'runtimes'),
        json,
        { maxKeys: 5 },
      ),
      fc.option(runtimes),
    )
    .map(([rest, some]) => (some === null ? rest : { ...rest, runtimes: some }));
  const indent = fc.constantFrom(undefined, 1, 2, 4, '\t');

  test('it says afterwards too, and the runtime', () => {
    fc.assert(
      fc.property(config, indent, (before, space) => {
        const after = withRuntime(JSON.stringify(before, null, space), entry) ?? '';
        expect(JSON.parse(after)).toEqual({
          ...before,
          runtimes: { ...(before as { runtimes?: object }).runtimes, ...ours },
        });
        expect(withRuntime(after, entry)).toBeUndefined();
      }),
    );
  });

  test('it says the same as before when the runtime was added and taken out', () => {
    fc.assert(
      fc.property(config, indent, (before, space) => {
        const after = withoutRuntime(withRuntime(JSON.stringify(before, null, space), entry), entry) ?? '';
        const { runtimes: had, ...rest } = before as { runtimes?: object };
        const empty = had === undefined || Object.keys(had).length === 0;
        expect(JSON.parse(after)).toEqual(empty ? rest : before);
      }),
    );
  });

  test('a text that is no configuration is refused with a reason, and never with another error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const edit of [withRuntime, withoutRuntime])
          expect(['none', 'DaemonConfigInvalid', 'RuntimeConflict']).toContain(reasonOf(() => edit(text, entry)));
      }),
    );
  });
});
