import { BlockList, isIP } from "node:net";

/** Whether a URL is asked directly although there is a proxy. */
export type ProxyExceptions = (url: URL) => boolean;

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * Reads a `no_proxy` list, parted by commas or blanks: a host name means itself and all below it
 * (with or without a leading dot or `*.`), an address itself, `10.0.0.0/8` a network, `host:port`
 * that port alone, and `*` everything. What cannot be read excepts nothing.
 */
export function createProxyExceptions(list: string): ProxyExceptions {
  const tests = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map(parseEntry);
  return (url) => tests.some((test) => test(url));
}

function parseEntry(entry: string): ProxyExceptions {
  if (entry === "*") return () => true;
  const network = parseNetwork(entry);
  if (network !== undefined) return ({ hostname }) => contains(network, bareHost(hostname));
  const [, name = entry, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  const host = bareHost(name).replace(/^\*?\./, "");
  return ({ protocol, hostname, port: own }) => {
    if (port !== undefined && port !== (own || defaultPorts[protocol])) return false;
    const asked = bareHost(hostname);
    return asked === host || (isIP(asked) === 0 && asked.endsWith(`.${host}`));
  };
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

function parseNetwork(entry: string): BlockList | undefined {
  const [address = "", prefix = "", ...more] = entry.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0 || !/^\d{1,3}$/.test(prefix)) return undefined;
  const bits = Number(prefix);
  if (bits > (family === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  return network;
}

function contains(network: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && network.check(host, family === 4 ? "ipv4" : "ipv6");
}
