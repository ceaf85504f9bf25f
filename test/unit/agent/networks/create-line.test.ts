import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { createLine } from '../../../../src/agent/networks/create-line';

test('a plain bridge', () => {
  const subnets = [{ subnet: '10.99.0.0/24', gateway: '10.99.0.1' }];
  expect(createLine({ name: 'backend', driver: 'bridge', subnets })).toBe(
    'docker network create --driver bridge --subnet 10.99.0.0/24 --gateway 10.99.0.1 backend',
  );
});

test('a macvlan with IPv6, a range and no way out', () => {
  const line = createLine({
    ...{ name: 'lan', driver: 'macvlan', internal: true },
    subnets: [{ subnet: '192.0.2.0/24', range: '192.0.2.128/25' }, { subnet: '2001:db8::/64' }],
    options: ['macvlan_mode=bridge', 'parent=eth0.10', 'com.docker.network.enable_ipv4=true'],
  });
  expect(line).toBe(
    'docker network create --driver macvlan --ipv6 --internal --subnet 192.0.2.0/24 --ip-range 192.0.2.128/25 ' +
      '--subnet 2001:db8::/64 --opt macvlan_mode=bridge --opt parent=eth0.10 lan',
  );
});

test('of a network whose name alone is known', () => {
  expect(createLine({ name: 'backend' })).toBe('docker network create backend');
});

test('what would be a switch is none, and what moves the cursor is left out', () => {
  expect(createLine({ name: '--label' })).toBe('docker network create -- --label');
  expect(createLine({ name: 'a\u001b[2Jb\u202e\nc' })).toBe("docker network create 'a[2Jbc'");
});

test('a shell reads the very words, whatever they are', () => {
  const words = fc.string({ minLength: 1, unit: 'grapheme-ascii' }).filter((word) => !word.startsWith('-'));
  fc.assert(
    fc.property(words, words, (name, option) => {
      const line = createLine({ name, driver: 'bridge', options: [option] });
      // Each word on a line of its own, instead of docker.
      const script = `docker() { printf '%s\\n' "$@"; }; ${line}`;
      const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      expect(read).toBe(`network\ncreate\n--driver\nbridge\n--opt\n${option}\n${name}\n`);
    }),
    { numRuns: 50 },
  );
});
