import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { networkInterfaces } from "node:os";

import { afterEach, describe, expect, it } from "vitest";

import { listenLoopback } from "./listen-loopback.ts";

const open: (Server | NetServer)[] = [];

afterEach(async () => {
  await Promise.all(
    open.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
});

function createTracked(): Server {
  const server = createHttpServer();
  open.push(server);
  return server;
}

async function occupy(host: string, port = 0): Promise<number> {
  const server = createServer();
  open.push(server);
  server.listen({ host, port });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((info) => info?.address === "::1");
const ipv6Only = hasIpv6 ? "" : " (skipped: this machine has no ::1)";

describe("listenLoopback", () => {
  it("listens on the loopback addresses alone, with one port", async () => {
    const { port, servers, urls } = await listenLoopback(createTracked, 0);
    const bound = servers.map((server) => server.address() as AddressInfo);
    const expected = hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
    expect(bound.map(({ address }) => address)).toEqual(expected);
    expect(new Set(bound.map((address) => address.port))).toEqual(new Set([port]));
    expect(urls).toEqual(
      [`http://127.0.0.1:${port}`, `http://[::1]:${port}`].slice(0, expected.length),
    );
  });

  it("says whose port it is when IPv4 has it", async () => {
    const port = await occupy("127.0.0.1");
    await expect(listenLoopback(createTracked, port)).rejects.toMatchObject({
      kind: "busy",
      code: "ERR_STORE_ADDRESS_IN_USE",
      detail: { host: "127.0.0.1", port },
    });
  });

  it.skipIf(!hasIpv6)(
    `takes neither address when another program has the IPv6 one${ipv6Only}`,
    async () => {
      const port = await occupy("::1");
      await expect(listenLoopback(createTracked, port)).rejects.toMatchObject({
        code: "ERR_STORE_ADDRESS_IN_USE",
        detail: { host: "::1", port },
      });
      await expect.poll(() => open.filter(({ listening }) => listening).length).toBe(1);
      expect(await occupy("127.0.0.1", port)).toBe(port);
    },
  );
});
