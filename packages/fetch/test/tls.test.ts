import { createServer, type AddressInfo } from "node:net";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createHttpClient, type HttpClient } from "../src/http/http-client.ts";
import { readBody } from "../src/http/read-body.ts";
import { createAuthority } from "./certificates.ts";
import { createUrlPuller } from "./pull-url.ts";
import { type RawServer, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(300_000, 31);
const authority = createAuthority();
const stranger = createAuthority("A stranger");
const HOST = "models.example";
const secure = authority.issue([HOST]);
const resolver = async (): Promise<readonly string[]> => ["127.0.0.1"];

const urlOf = ({ origin }: RawServer, host = HOST): string =>
  `${origin.replace("127.0.0.1", host)}/model.gguf`;

function createClient(): HttpClient {
  return createHttpClient({ ca: authority.cert, resolver, idleTimeoutMs: 5_000 });
}

describe.each([
  ["a connection of Node's client", false],
  ["a connection of our own", true],
] as const)("%s over TLS", (_name, bulk) => {
  it("brings a body where the issuer is known, and is used again", async () => {
    await using server = await startRawServer(
      (request, socket) => sendFile(request, socket, bytes),
      { secure },
    );
    const client = createClient();
    for (let round = 0; round < 2; round += 1) {
      const response = await client.send(urlOf(server), { bulk });
      expect(await readBody(response, { bytesMax: bytes.length })).toEqual(bytes);
    }
    expect(server.connections).toBe(1);
  });

  it("is made to an address that the certificate names", async () => {
    const own = authority.issue(["127.0.0.1"]);
    await using server = await startRawServer(
      (request, socket) => sendFile(request, socket, bytes),
      { secure: own },
    );
    const { body, status } = await createClient().send(`${server.origin}/x`, { bulk });
    await body.close();
    expect(status).toBe(200);
  });

  const pastMs = Date.now() - 1_000;
  const faults = {
    "by an unknown issuer": [stranger.issue([HOST]), /UNABLE_TO_VERIFY/, "--ca-file"],
    "that has expired": [authority.issue([HOST], { untilMs: pastMs }), /CERT_HAS_EXPIRED/, "clock"],
    "for another host": [authority.issue(["other.example"]), /ALTNAME/, "another server"],
    "for a host below": [authority.issue([`x.${HOST}`]), /ALTNAME/, "another server"],
  } as const;
  for (const [name, [certificate, reason, hint]] of Object.entries(faults)) {
    it(`is refused with a certificate ${name}, before anything is asked`, async () => {
      await using server = await startRawServer(() => {}, { secure: certificate });
      const sent = createClient().send(urlOf(server), { bulk, headers: { "x-api-key": "hush" } });
      const error = await expectStoreError(sent, "ERR_STORE_UPSTREAM_ERROR");
      expect(error.detail["reason"]).toMatch(reason);
      expect(error.detail["transient"]).toBe(false);
      expect(error.hint).toContain(hint);
      expect(server.requests).toEqual([]);
    });
  }

  it("is refused by a server that speaks HTTP/2 alone, and the reason is told", async () => {
    await using server = await startRawServer(() => {}, { secure, protocols: ["h2"] });
    const sent = createClient().send(urlOf(server), { bulk });
    const error = await expectStoreError(sent, "ERR_STORE_UPSTREAM_ERROR");
    expect(error.message).toContain("does not speak HTTP/1.1");
    expect(error.detail["transient"]).toBe(false);
  });

  it("is refused where the port has no TLS, or one that is too old", async () => {
    await using plain = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 200 }),
    );
    const answering = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    await new Promise<void>((resolve) => void answering.listen(0, "127.0.0.1", resolve));
    const { port } = answering.address() as AddressInfo;
    const old = { ...secure, minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
    const ciphers = "DEFAULT@SECLEVEL=0";
    await using aged = await startRawServer(() => {}, { secure: { ...old, ciphers } });
    for (const url of [`https://127.0.0.1:${port}/x`, urlOf(aged)]) {
      const sent = createClient().send(url, { bulk });
      const error = await expectStoreError(sent, "ERR_STORE_UPSTREAM_ERROR");
      expect(error.message, url).toContain("no secure connection is possible");
      expect(error.detail["transient"]).toBe(false);
    }
    answering.close();
    expect(plain.requests).toEqual([]);
  });

  it("is given up where the handshake is never finished", async () => {
    const silent = createServer((socket) => void socket.on("error", () => {}));
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const client = createHttpClient({ ca: authority.cert, resolver, idleTimeoutMs: 100 });
    const sent = client.send(`https://${HOST}:${port}/x`, { bulk });
    await expectStoreError(sent, "ERR_STORE_UPSTREAM_TIMEOUT");
    silent.close();
  });

  it("that is cut without TLS's own end is noticed", async () => {
    await using server = await startRawServer(
      (_request, socket) => {
        const headers = { "content-length": 1_000 };
        sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 400) });
        setTimeout(() => server.cut(socket), 30);
      },
      { secure },
    );
    const response = await createClient().send(urlOf(server), { bulk });
    const read = readBody(response, { bytesMax: 1_000 });
    // Without an error, what came is short of its length, which every reader of a file compares.
    const outcome = await read.then(
      ({ length }) => length,
      (error: unknown) => error,
    );
    if (outcome !== 400)
      await expectStoreError(Promise.reject(outcome), "ERR_STORE_UPSTREAM_ERROR");
  });
});

describe("a file over TLS", () => {
  it("is pulled with what came before a cut, and without a wrong byte", async () => {
    let cuts = 2;
    await using server = await startRawServer(
      (request, socket) => {
        if (request.headers["range"] === "bytes=0-0" || cuts === 0) {
          return sendFile(request, socket, bytes);
        }
        cuts -= 1;
        const start = Number(/\d+/.exec(request.headers["range"] ?? "0")?.[0]);
        sendRaw(socket, {
          status: start === 0 ? 200 : 206,
          headers: {
            etag: '"one"',
            "content-length": bytes.length - start,
            "content-range":
              start === 0 ? undefined : `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
          },
          body: bytes.subarray(start, start + 100_000),
        });
        puller.afterWrites(() => server.cut(socket));
        return undefined;
      },
      { secure },
    );
    await using puller = await createUrlPuller({ ca: authority.cert, resolver });
    const result = await puller.pull(urlOf(server));
    expect(result.files[0]?.digest).toBe(digestBytes(bytes));
    expect(cuts).toBe(0);
  });

  it("whose end only TLS tells is refused, since a cut looks the same", async () => {
    await using server = await startRawServer(
      (_request, socket) => {
        const headers = { "content-length": undefined, connection: "close" };
        sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 200_000) });
        setTimeout(() => server.cut(socket), 30);
      },
      { secure },
    );
    await using puller = await createUrlPuller({ ca: authority.cert, resolver });
    await expectStoreError(puller.pull(urlOf(server)), "ERR_STORE_UPSTREAM_ERROR");
    const digest = digestBytes(bytes);
    await expect(puller.pull(urlOf(server), { digest })).rejects.toMatchObject({
      name: "StoreError",
    });
    expect(await puller.listBlobs()).toEqual([]);
  });
});

it("extra certificates that are none are told when they are given", async () => {
  for (const ca of ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"]) {
    expect(() => createHttpClient({ ca })).toThrow("extra certificates cannot be used");
  }
  const ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const sent = createHttpClient({ ca, resolver }).send(`https://${HOST}/`);
  await expectStoreError(sent, "ERR_STORE_CERTIFICATES_INVALID");
});
