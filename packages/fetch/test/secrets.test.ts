import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";

import { digestBytes, recordOrigin } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createOciSource,
  createUrlSource,
  plan,
  pull,
  type PullEvent,
} from "../src/index.ts";
import { createFakeRegistry } from "../src/testing/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";
import { type RawHandler, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const SECRET = "hunter2";
const timers = createHastyTimers();
const bytes = createContent(300_000, 61);
const signature = `X-Amz-Credential=${SECRET}&X-Amz-Signature=${SECRET}&token=${SECRET}#${SECRET}`;

/** Every byte below a directory, names included. */
async function everythingIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const texts = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path}\n${await readFile(path, "latin1")}` : path;
    }),
  );
  return texts.join("\n");
}

/** Pulls a location that holds secrets, and gathers all that anybody could read of it afterwards. */
async function tracesOf(
  location: string,
  sources: Parameters<typeof openPorts>[0],
): Promise<string> {
  await using store = await openPorts(sources);
  const { ports, layout } = store;
  const events: PullEvent[] = [];
  const outcome: unknown = await pull(
    location,
    { ...ports, recordOrigin: (digest, origin) => recordOrigin(layout, digest, origin) },
    { onProgress: (event) => events.push(event), retry: { attemptsMax: 2 } },
  ).catch((error: unknown) => error);
  const planned: unknown = await plan(location, ports).catch((error: unknown) => error);
  // As a log, a debugger and a JSON document would show it: stacks and causes included.
  const shown = [outcome, planned].map((one) => inspect(one, { depth: 10 }));
  return [
    JSON.stringify([events, outcome, planned]),
    ...shown,
    await everythingIn(dirname(store.root)),
  ].join("\n");
}

const answers: Readonly<Record<string, RawHandler>> = {
  "that works": (request, socket) => sendFile(request, socket, bytes),
  "that is refused": (_request, socket) => sendRaw(socket, { status: 403 }),
  "that wants credentials": (_request, socket) => sendRaw(socket, { status: 401 }),
  "that leads nowhere": (_request, socket) => sendRaw(socket, { status: 404 }),
  "that fails": (_request, socket) => sendRaw(socket, { status: 503 }),
  "that is asked too often": (_request, socket) =>
    sendRaw(socket, { status: 429, headers: { "retry-after": "3600" } }),
  "that breaks": (_request, socket) => void socket.destroy(),
  "that is no HTTP": (_request, socket) => void socket.end("nonsense\r\n\r\n"),
  "that is a web page": (_request, socket) =>
    sendRaw(socket, { status: 200, headers: { "content-type": "text/html" }, body: bytes }),
  "that is encoded": (_request, socket) =>
    sendRaw(socket, { status: 200, headers: { "content-encoding": "br" }, body: bytes }),
  "that says no length": (_request, socket) => {
    sendRaw(socket, { status: 200, headers: { "content-length": undefined }, body: bytes });
    socket.end();
  },
  "that changes": (request, socket) =>
    sendFile(request, socket, bytes, { etag: `"${request.index}"` }),
  "that brings other ranges": (request, socket) =>
    request.headers["range"] === "bytes=0-0"
      ? sendFile(request, socket, bytes)
      : sendRaw(socket, { status: 206, headers: { "content-range": "bytes 5-9/300000" } }),
  "that leads round and round": (_request, socket) =>
    sendRaw(socket, { status: 302, headers: { location: `/x?${signature}` } }),
  "that leads to another protocol": (_request, socket) =>
    sendRaw(socket, { status: 302, headers: { location: `ftp://x/?${signature}` } }),
  "that leads to somebody's account": (_request, socket) =>
    sendRaw(socket, { status: 302, headers: { location: `http://me:${SECRET}@127.0.0.1:1/` } }),
  "that leads to where nobody is": (_request, socket) =>
    sendRaw(socket, { status: 302, headers: { location: `http://127.0.0.1:1/x?${signature}` } }),
};

describe("a URL with a user, a password and a signature", () => {
  it.each(Object.entries(answers))("%s leaves none of them behind", async (_name, answer) => {
    await using server = await startRawServer(answer);
    const authority = server.origin.replace("//", `//me:${SECRET}@`);
    const traces = await tracesOf(`${authority}/model.gguf?${signature}`, [
      createUrlSource({ timers }),
    ]);
    expect(traces).not.toContain(SECRET);
    expect(traces).not.toContain(btoa(`me:${SECRET}`));
    expect(JSON.stringify(server.requests)).toContain(SECRET);
  });

  it("that is signed by a redirect leaves no signature behind", async () => {
    await using storage = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, {
        status: 302,
        headers: { location: `${storage.origin}/blob?${signature.replace(/#.*/, "")}` },
      }),
    );
    const traces = await tracesOf(`${server.origin}/model.gguf`, [createUrlSource({ timers })]);
    expect(traces).toContain(digestBytes(bytes));
    expect(traces).not.toContain(SECRET);
    expect(JSON.stringify(storage.requests)).toContain(SECRET);
  });
});

it.each(["https://me:hunter2@models.example/x", "hf.co/org/model?token=hunter2", "me:hunter2@x/y"])(
  "a location that cannot be read, %s, is told without its secrets",
  async (location) => {
    const sources = [createHuggingFaceSource({ token: SECRET, offline: true })];
    expect(await tracesOf(location, sources)).not.toContain(SECRET);
  },
);

it("a token of the hub leaves no trace, whatever the hub says", async () => {
  for (const answer of Object.values(answers)) {
    await using server = await startRawServer(answer);
    const source = createHuggingFaceSource({ endpoint: server.origin, token: SECRET, timers });
    expect(await tracesOf("hf.co/org/model", [source])).not.toContain(SECRET);
    expect(server.requests[0]?.headers["authorization"]).toBe(`Bearer ${SECRET}`);
  }
});

it("an account of a registry leaves no trace, whether it is taken or not", async () => {
  for (const password of [SECRET, "other"]) {
    await using registry = await createFakeRegistry({
      auth: { kind: "token", username: "me", password },
    });
    const layer = { mediaType: "application/octet-stream", bytes };
    registry.addModel("org/m", "v1", { layers: [layer] });
    const credentials = async () =>
      ({ kind: "password", username: "me", password: SECRET }) as const;
    const source = createOciSource({ credentials, timers });
    const traces = await tracesOf(`oci+http://${registry.host}/org/m:v1`, [source]);
    expect(traces).not.toContain(SECRET);
    expect(traces).not.toContain(btoa(`me:${SECRET}`));
    for (const { headers } of registry.requests) {
      const token = /^Bearer (.+)$/.exec(String(headers["authorization"]))?.[1];
      if (token !== undefined) expect(traces).not.toContain(token);
    }
  }
});
