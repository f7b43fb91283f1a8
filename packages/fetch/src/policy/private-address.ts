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
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  blocks.addSubnet(network, prefix, "ipv6");
}

/** IPv4 inside IPv6: mapped, and translated by NAT64. */
const embedded =
  /^(?:::ffff:(?:0:)?|64:ff9b::)(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

/** Whether an IP address, as text, is one of a private or special network. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const match = embedded.exec(bare);
  if (match !== null) return blocks.check(ipv4Of(match), "ipv4");
  const family = isIP(bare);
  return family !== 0 && blocks.check(bare, family === 4 ? "ipv4" : "ipv6");
}

function ipv4Of([, dotted, high = "", low = ""]: RegExpExecArray): string {
  if (dotted !== undefined) return dotted;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join(".");
}
