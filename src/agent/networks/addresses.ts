import { BlockList, SocketAddress, isIP } from 'node:net';

/** An address in one spelling, so that two can be compared; undefined for what is none. */
export function canonicalAddress(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0) return undefined;
  const canonical = new SocketAddress({ address, family: family === 6 ? 'ipv6' : 'ipv4' }).address;
  // What a socket of IPv6 shows of an address of IPv4.
  return canonical.replace(/^::ffff:(?=\d+\.)/, '');
}

/** A range such as `10.99.0.0/24` in one spelling; undefined for what is none. */
export function canonicalSubnet(subnet: string): string | undefined {
  const parsed = parseSubnet(subnet);
  return parsed === undefined ? undefined : `${parsed.address}/${parsed.prefix}`;
}

/** Whether the address lies in the range. */
export function inSubnet(address: string, subnet: string): boolean {
  const parsed = parseSubnet(subnet);
  const family = familyOf(address);
  if (parsed === undefined || family === undefined || family !== familyOf(subnet)) return false;
  const range = new BlockList();
  range.addSubnet(parsed.address, parsed.prefix, family);
  return range.check(address, family);
}

/** Of an address or a range; undefined for what is neither. */
export function familyOf(text: string): 'ipv4' | 'ipv6' | undefined {
  const family = isIP(text.split('/')[0] ?? '');
  if (family === 0) return undefined;
  return family === 6 ? 'ipv6' : 'ipv4';
}

/** Addresses that mean the same on every node: none in particular, the loopback's, and those of groups. */
export function meansTheSameEverywhere(address: string): boolean {
  return /^(|0\.0\.0\.0|::|::1|127\..*|ff..:.*)$/.test(address) || inSubnet(address, '224.0.0.0/4');
}

function parseSubnet(subnet: string): { readonly address: string; readonly prefix: number } | undefined {
  const [, written = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(subnet) ?? [];
  const address = canonicalAddress(written);
  const prefix = Number(digits);
  return address === undefined || prefix > (familyOf(subnet) === 'ipv6' ? 128 : 32) ? undefined : { address, prefix };
}
