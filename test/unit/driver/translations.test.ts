import { parseConntrack } from '../../../src/driver/translations';

const line = (family: string, tuples: string): string =>
  `${family}     ${family === 'ipv4' ? 2 : 10} tcp      6 431999 ESTABLISHED ${tuples} [ASSURED] mark=0 zone=0 use=2`;

test('shows by what address the peer of a published port knows it, whoever spoke first', () => {
  const table = [
    line('ipv4', 'src=10.0.0.9 dst=10.0.0.100 sport=5000 dport=8080 src=172.20.0.2 dst=10.0.0.9 sport=80 dport=5000'),
    // The container's packet was the first that this node saw of the connection.
    line('ipv4', 'src=172.20.0.2 dst=10.0.0.9 sport=80 dport=5001 src=10.0.0.9 dst=10.0.0.100 sport=5001 dport=8080'),
    line('ipv6', 'src=fd00::9 dst=fd00::100 sport=5 dport=80 src=fd01::2 dst=fd00::9 sport=80 dport=5'),
    // Not translated; not TCP; still without an answer, which shows in the middle.
    line('ipv4', 'src=10.0.0.9 dst=10.0.0.1 sport=5000 dport=22 src=10.0.0.1 dst=10.0.0.9 sport=22 dport=5000'),
    'ipv4     2 udp      17 28 src=10.0.0.9 dst=10.0.0.1 sport=1 dport=2 src=10.0.0.7 dst=10.0.0.9 sport=2 dport=1',
    'ipv4     2 tcp      6 110 SYN_SENT src=10.0.0.8 dst=10.0.0.100 sport=1 dport=8080 [UNREPLIED] src=172.20.0.2 dst=10.0.0.8 sport=80 dport=1 mark=0',
    '',
  ];
  expect(parseConntrack(table.join('\n'))).toEqual([
    { local: '172.20.0.2:80', remote: '10.0.0.9:5000', at: '10.0.0.100:8080' },
    { local: '172.20.0.2:80', remote: '10.0.0.9:5001', at: '10.0.0.100:8080' },
    { local: '[fd01::2]:80', remote: '[fd00::9]:5', at: '[fd00::100]:80' },
    { local: '172.20.0.2:80', remote: '10.0.0.8:1', at: '10.0.0.100:8080' },
  ]);
});
