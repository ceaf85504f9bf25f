import { createAddressGate } from '../../../../src/agent/move-hook/gate';
import type { CommandRunner } from '../../../../src/runtime/exec';

const UID = '01234567-89ab-cdef-0123-456789abcdef';
const CONTAINER = 'c'.repeat(64);

/** As much of iptables as is asked for: `-S` shows the rules of a table, and a restore changes them all or none. */
class FakeTables implements CommandRunner {
  readonly rules = new Map<string, string[]>();
  restores = 0;

  of(family: string, table: string): string[] {
    return (
      this.rules.get(`${family} ${table}`) ?? ['-P PREROUTING ACCEPT', '-P OUTPUT ACCEPT', '-P POSTROUTING ACCEPT']
    );
  }

  run: CommandRunner['run'] = (file, args, options) => {
    const answer = (exitCode: number, stdout = '') =>
      Promise.resolve({ exitCode, signal: null, stdout, stderr: exitCode === 0 ? '' : 'bad rule', durationMs: 1 });
    if (!file.endsWith('-restore')) return answer(0, this.of(file, args[2] ?? '').join('\n'));
    this.restores++;
    const [first = '', ...lines] = String(options.input).trim().split('\n');
    const key = [file.replace('-restore', ''), first.slice(1)] as const;
    let rules = [...this.of(...key)];
    for (const line of lines) {
      const [word = '', chain = ''] = line.split(' ');
      if (word.startsWith(':')) rules = [...rules.filter((rule) => !isOf(rule, word.slice(1))), `-N ${word.slice(1)}`];
      else if (word === '-A' || word === '-I') rules.push(line.replace('-I', '-A'));
      else if (word === '-F') rules = rules.filter((rule) => !rule.startsWith(`-A ${chain} `));
      else if (word === '-X') rules = rules.filter((rule) => rule !== `-N ${chain}`);
      else if (word === '-D') {
        const at = rules.indexOf(line.replace('-D', '-A'));
        if (at < 0) return answer(1);
        rules.splice(at, 1);
      }
    }
    this.rules.set(key.join(' '), rules);
    return answer(0);
  };
}

const isOf = (rule: string, chain: string): boolean => rule === `-N ${chain}` || rule.startsWith(`-A ${chain} `);
const plain = new FakeTables();

test('no TCP comes or leaves by the addresses until it is opened, however often each is asked for', async () => {
  const tables = new FakeTables();
  const gate = createAddressGate(tables);
  const addresses = ['10.0.0.100', 'fd00::100'];
  for (let i = 0; i < 2; i++) await gate.shut(UID, addresses);
  expect([...new Set(tables.of('iptables', 'raw'))]).toEqual([
    ...plain.of('iptables', 'raw'),
    '-A PREROUTING -j TRANSSHIP-GATE-01234567',
    '-A OUTPUT -j TRANSSHIP-GATE-01234567',
    '-N TRANSSHIP-GATE-01234567',
    '-A TRANSSHIP-GATE-01234567 -s 10.0.0.100 -p tcp -j DROP',
    '-A TRANSSHIP-GATE-01234567 -d 10.0.0.100 -p tcp -j DROP',
  ]);
  expect(tables.of('ip6tables', 'raw').join('\n')).toContain('-s fd00::100 -p tcp -j DROP');
  for (let i = 0; i < 2; i++) await gate.open(UID, addresses);
  expect(tables.of('iptables', 'raw')).toEqual(plain.of('iptables', 'raw'));
  expect(tables.of('ip6tables', 'raw')).toEqual(plain.of('ip6tables', 'raw'));
});

test('a port answers as what its peers know it by', async () => {
  const tables = new FakeTables();
  const gate = createAddressGate(tables);
  const answer = { address: '172.20.0.2', port: 80, as: '10.0.0.100', asPort: 8080, isOnly: false };
  for (let i = 0; i < 2; i++) await gate.answerAs(CONTAINER, [answer]);
  expect([...new Set(tables.of('iptables', 'nat'))].slice(3)).toEqual([
    '-A POSTROUTING -j TRANSSHIP-AS-cccccccccccc',
    '-N TRANSSHIP-AS-cccccccccccc',
    '-A TRANSSHIP-AS-cccccccccccc -s 172.20.0.2 -p tcp --sport 80 -j SNAT --to-source 10.0.0.100:8080',
  ]);
  expect(tables.of('ip6tables', 'nat')).toEqual(plain.of('ip6tables', 'nat'));
  for (let i = 0; i < 2; i++) await gate.answerNoMore(CONTAINER, ['10.0.0.100']);
  expect(tables.of('iptables', 'nat')).toEqual(plain.of('iptables', 'nat'));
});

test('what belongs to nobody any more is tidied away, and nothing else', async () => {
  const tables = new FakeTables();
  const gate = createAddressGate(tables);
  await gate.shut(UID, ['10.0.0.100']);
  await gate.answerAs(CONTAINER, [{ address: '172.20.0.2', port: 80, as: '10.0.0.100', asPort: 80, isOnly: true }]);
  tables.rules.get('iptables raw')?.push('-N DOCKER');
  const before = [tables.of('iptables', 'raw'), tables.of('iptables', 'nat')];
  await gate.tidy({
    migration: (prefix) => UID.startsWith(prefix),
    container: (id) => Promise.resolve(CONTAINER.startsWith(id)),
  });
  expect([tables.of('iptables', 'raw'), tables.of('iptables', 'nat')]).toEqual(before);
  await gate.tidy({ migration: () => false, container: () => Promise.resolve(false) });
  expect(tables.of('iptables', 'raw')).toEqual([...plain.of('iptables', 'raw'), '-N DOCKER']);
  expect(tables.of('iptables', 'nat')).toEqual(plain.of('iptables', 'nat'));
});

test.each(['10.0.0', 'fe80::1%eth0', '-j ACCEPT', '10.0.0.0/8'])('%p goes into no rule', async (address) => {
  const tables = new FakeTables();
  await expect(createAddressGate(tables).shut(UID, [address])).rejects.toMatchObject({ reason: 'AddressInvalid' });
  expect(tables.restores).toBe(0);
});

test('a rule that is not taken is told', async () => {
  const run: CommandRunner['run'] = () =>
    Promise.resolve({ exitCode: 4, signal: null, stdout: '', stderr: 'no table raw', durationMs: 1 });
  await expect(createAddressGate({ run }).shut(UID, ['10.0.0.100'])).rejects.toMatchObject({
    reason: 'AddressGateFailed',
    message: expect.stringContaining('no table raw') as string,
  });
});

test('the sockets at the addresses are ended, as ss takes an address of each family', async () => {
  const runs: string[] = [];
  const run: CommandRunner['run'] = (file, args) => {
    runs.push([file, ...args].join(' '));
    return Promise.resolve({ exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 1 });
  };
  await createAddressGate({ run }).endSockets(['10.0.0.100', 'fd00::100']);
  expect(runs).toEqual([
    expect.stringMatching(/^ss --kill .* src 10\.0\.0\.100$/),
    expect.stringMatching(/^ss --kill .* src \[fd00::100\]$/),
  ]);
});
