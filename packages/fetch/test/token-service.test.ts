import { expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createOciSource, type OciSourceOptions, type ResolvedModel } from "../src/index.ts";
import { createHastyTimers } from "./open-ports.ts";
import { type RawRequest, type RawServer, sendRaw, startRawServer } from "./raw-server.ts";

const password = { kind: "password", username: "me", password: "hush" } as const;
const basic = `Basic ${Buffer.from("me:hush").toString("base64")}`;

/** Far more than the sockets between two processes hold: nobody has read it to its end. */
const REFRESH_TOKEN = `refresh-me-${"x".repeat(8 * 1024 * 1024)}`;

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const manifest = encode({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    size: 2,
  },
  layers: [{ mediaType: "application/x", digest: `sha256:${"0".repeat(64)}`, size: 1 }],
});

interface TokenAnswer {
  readonly status: number;
  readonly body?: Uint8Array;
}

/** A registry whose token service answers a request when it has seen its head, and closes. */
function startRegistry(answer: TokenAnswer): Promise<RawServer> {
  const server = startRawServer(async (request, socket) => {
    const { origin } = await server;
    if (request.target.startsWith("/token")) {
      // What is still to come of the body is never read.
      socket.pause();
      sendRaw(socket, { ...answer, headers: { connection: "close" } });
      socket.end();
    } else if (request.headers["authorization"] === "Bearer right") {
      sendRaw(socket, {
        status: 200,
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
        body: manifest,
      });
    } else {
      const challenge = `Bearer realm="${origin}/token",service="s"`;
      sendRaw(socket, { status: 401, headers: { "www-authenticate": challenge } });
    }
  });
  return server;
}

function resolve({ origin }: RawServer, options: OciSourceOptions): Promise<unknown> {
  const source = createOciSource({ timers: createHastyTimers(), ...options });
  return source.resolve(`oci+http://${new URL(origin).host}/org/m`);
}

const isForToken = ({ target }: RawRequest): boolean => target.startsWith("/token");

describe("a token service that answers before it has read the refresh token, and closes,", () => {
  const credentials = async () => ({ kind: "identity", token: REFRESH_TOKEN }) as const;

  it("is believed, and is sent it once", async () => {
    await using registry = await startRegistry({
      status: 200,
      body: encode({ access_token: "right", expires_in: 300 }),
    });
    const model = (await resolve(registry, { credentials })) as ResolvedModel | undefined;
    expect(Buffer.from(manifest).equals(model?.manifest?.bytes ?? new Uint8Array())).toBe(true);
    expect(registry.requests.filter(isForToken)).toMatchObject([{ method: "POST" }]);
    expectNoRefreshToken(registry);
  });

  it.each([
    [401, "ERR_STORE_AUTH_REFUSED"],
    [413, "ERR_STORE_UPSTREAM_ERROR"],
  ] as const)("with %i is believed as well, and is sent it once", async (status, code) => {
    await using registry = await startRegistry({ status, body: encode({ details: "no" }) });
    const error = await expectStoreError(resolve(registry, { credentials }), code);
    expect(JSON.stringify(error)).not.toContain("refresh-me");
    expect(registry.requests.filter(isForToken)).toMatchObject([{ method: "POST" }]);
    expectNoRefreshToken(registry);
  });

  /** Heads only: the body of the one POST is the place for it. */
  function expectNoRefreshToken({ requests }: RawServer): void {
    expect(JSON.stringify(requests)).not.toContain("refresh-me");
  }
});

describe("a registry's challenge", () => {
  /** What a registry answers 401 with; it has a token service of its own that gives nothing. */
  async function challenged(
    challenge: (own: string, foreign: string) => string | readonly string[] | undefined,
  ) {
    const foreign = await startRawServer((_request, socket) => {
      sendRaw(socket, { status: 200, body: encode({ token: "right" }) });
    });
    const registry = startRawServer(async (request, socket) => {
      if (isForToken(request)) {
        sendRaw(socket, { status: 200, body: encode({ token: "useless" }) });
        return;
      }
      const { origin } = await registry;
      const lines = [challenge(origin, foreign.origin) ?? []].flat();
      const head = lines.map((line) => `WWW-Authenticate: ${line}\r\n`).join("");
      socket.write(`HTTP/1.1 401 Unauthorized\r\n${head}Content-Length: 0\r\n\r\n`);
    });
    const { origin, requests } = await registry;
    return {
      foreign,
      requests,
      registry: await registry,
      origin,
      async [Symbol.asyncDispose]() {
        await foreign[Symbol.asyncDispose]();
        await (await registry)[Symbol.asyncDispose]();
      },
    };
  }

  const junk = "x".repeat(9 * 1024);
  const own = (origin: string): string => `realm="${origin}/token"`;
  const REQUIRED = "ERR_STORE_AUTH_REQUIRED";
  const REFUSED = "ERR_STORE_AUTH_REFUSED";
  const POLICY = "ERR_STORE_POLICY_REFUSED";

  it.each<{
    readonly title: string;
    readonly challenge: Parameters<typeof challenged>[0];
    readonly code: `ERR_STORE_${string}`;
    /** Which of the registry's own paths get the password. */
    readonly shownTo: readonly string[];
  }>([
    { title: "that is absent", challenge: () => undefined, code: REQUIRED, shownTo: [] },
    { title: "that is empty", challenge: () => "", code: REQUIRED, shownTo: [] },
    { title: "without a realm", challenge: () => "Bearer", code: REQUIRED, shownTo: [] },
    {
      title: "with its own realm, then a foreign one",
      challenge: (a, b) => `Bearer ${own(a)},${own(b)}`,
      code: POLICY,
      shownTo: [],
    },
    {
      title: "with a foreign realm, then its own",
      challenge: (a, b) => `Bearer ${own(b)},${own(a)}`,
      code: REFUSED,
      shownTo: ["/token"],
    },
    {
      title: "in two headers, the first foreign",
      challenge: (a, b) => [`Bearer ${own(b)}`, `Bearer ${own(a)}`],
      code: POLICY,
      shownTo: [],
    },
    {
      title: "in two headers, the second foreign",
      challenge: (a, b) => [`Bearer ${own(a)}`, `Bearer ${own(b)}`],
      code: REFUSED,
      shownTo: ["/token"],
    },
    {
      title: "of a password beside a foreign realm",
      challenge: (_, b) => `Basic realm="x", Bearer ${own(b)}`,
      code: POLICY,
      shownTo: [],
    },
    {
      title: "whose realm has the registry as its user",
      challenge: (a, b) => `Bearer realm="${b.replace("//", `//${new URL(a).host}@`)}/token"`,
      code: POLICY,
      shownTo: [],
    },
    {
      title: "whose own realm has a user",
      challenge: (a) => `Bearer ${own(a.replace("//", "//me:else@"))}`,
      code: POLICY,
      shownTo: [],
    },
    {
      title: "of 9 KiB before a foreign realm",
      challenge: (_, b) => `Bearer scope="${junk}",${own(b)}`,
      code: REQUIRED,
      shownTo: [],
    },
    {
      title: "of 9 KiB behind a foreign realm",
      challenge: (_, b) => `Bearer ${own(b)},scope="${junk}"`,
      code: POLICY,
      shownTo: [],
    },
    {
      title: "whose own realm has 9 KiB",
      challenge: (a) => `Bearer realm="${a}/token?${junk}"`,
      code: POLICY,
      shownTo: [],
    },
  ])("$title leads to nobody else", async ({ challenge, code, shownTo }) => {
    await using told = await challenged(challenge);
    const error = await expectStoreError(
      resolve(told.registry, { credentials: async () => password }),
      code,
    );
    expect(JSON.stringify(error)).not.toMatch(/hush|x{500}/);
    expect(told.foreign.connections).toBe(0);
    const shown = told.requests.filter(({ headers }) => headers["authorization"] === basic);
    expect(shown.map(({ target }) => target.split("?")[0])).toEqual(shownTo);
  });
});
