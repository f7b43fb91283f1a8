import { BlockList, isIP } from "node:net";

/** Addresses that lead to this machine, its network, or a cloud's own services (IANA registries). */
const blocks = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  blocks.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 32],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  blocks.addSubnet(network, prefix, "ipv6");
}

/**
 * IPv4 inside IPv6, as a URL writes it: compatible, mapped, translated (SIIT, NAT64), 6to4. Behind a
 * gateway of that kind such an address leads to the one inside.
 */
const embedded = [
  /^(?:::|::ffff:(?:0:)?|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/,
  /^2002:([0-9a-f]{1,4}):([0-9a-f]{1,4}):/,
];

/** Whether an IP address, as text, is one of a private or special network. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  if (family !== 6) return family === 4 && blocks.check(bare, "ipv4");
  const plain = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return blocks.check(plain, "ipv6") || embedded.some((form) => isPrivateInside(form.exec(plain)));
}

function isPrivateInside(match: RegExpExecArray | null): boolean {
  if (match === null) return false;
  const [high = 0, low = 0] = match.slice(1).map((part) => Number.parseInt(part, 16));
  return blocks.check([high >> 8, high & 255, low >> 8, low & 255].join("."), "ipv4");
}
