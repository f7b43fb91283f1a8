import { digestBytes, type StoreError } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createHuggingFaceSource, pull } from "../src/index.ts";
import { createFakeHub } from "../src/testing/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";
import { sendRaw, startRawServer } from "./raw-server.ts";

const weights = createContent(900_000, 23);
const files = { "config.json": "{}", "model.safetensors": weights };

interface Refusal {
  readonly status: number;
  /** `X-Error-Code`, where the hub says one. */
  readonly said?: string;
  readonly token?: string;
  readonly code: "ERR_STORE_AUTH_REQUIRED" | "ERR_STORE_AUTH_REFUSED" | "ERR_STORE_MODEL_NOT_FOUND";
  readonly hint: RegExp;
}

const page = "https://huggingface\\.co/org/model";
const gatedHint = new RegExp(`^Ask for access at ${page}, then give a token \\(HF_TOKEN\\)\\.$`);

/** What the hub answers to whom, and what a user is to do about it. */
const refusals: readonly Refusal[] = [
  {
    status: 401,
    said: "RepoNotFound",
    code: "ERR_STORE_MODEL_NOT_FOUND",
    hint: /private.*HF_TOKEN/,
  },
  {
    status: 404,
    said: "RepoNotFound",
    token: "hf_x",
    code: "ERR_STORE_MODEL_NOT_FOUND",
    hint: /whether the token may read it/,
  },
  { status: 401, said: "GatedRepo", code: "ERR_STORE_AUTH_REQUIRED", hint: gatedHint },
  {
    status: 403,
    said: "GatedRepo",
    token: "hf_x",
    code: "ERR_STORE_AUTH_REFUSED",
    hint: new RegExp(`^Ask for access at ${page}\\.$`),
  },
  { status: 401, code: "ERR_STORE_AUTH_REQUIRED", hint: /^Give a token \(HF_TOKEN\)/ },
  { status: 401, token: "hf_x", code: "ERR_STORE_AUTH_REFUSED", hint: /^Check the token/ },
  { status: 403, code: "ERR_STORE_AUTH_REFUSED", hint: /HF_TOKEN.*may help/ },
  { status: 403, token: "hf_x", code: "ERR_STORE_AUTH_REFUSED", hint: /^Check the token/ },
];

/** A pull from a hub that refuses the listing of a model, or only its one file. */
async function refusedBy(
  { status, said, token }: Refusal,
  refusesListing: boolean,
): Promise<{ readonly error: StoreError; readonly requests: number }> {
  const listing = JSON.stringify({
    id: "org/model",
    sha: "0123456789abcdef0123456789abcdef01234567",
    siblings: [{ rfilename: "config.json", size: 2, blobId: "b".repeat(40) }],
  });
  await using server = await startRawServer(({ target }, socket) =>
    target.startsWith("/api/") && !refusesListing
      ? sendRaw(socket, { status: 200, body: new TextEncoder().encode(listing) })
      : sendRaw(socket, {
          status,
          headers: said === undefined ? {} : { "x-error-code": said },
        }),
  );
  const timers = createHastyTimers();
  const source = createHuggingFaceSource({ endpoint: server.origin, token, timers });
  await using store = await openPorts([source], timers);
  const error = await expectStoreError(
    pull("hf.co/org/model", store.ports),
    "ERR_STORE_AUTH_REQUIRED",
    "ERR_STORE_AUTH_REFUSED",
    "ERR_STORE_MODEL_NOT_FOUND",
  );
  return { error, requests: server.requests.length };
}

describe.each(["the listing", "a file"])("a hub that refuses %s", (what) => {
  it.each(refusals)("with $status $said, asked with token $token: $code", async (refusal) => {
    const isListing = what === "the listing";
    const { error, requests } = await refusedBy(refusal, isListing);
    expect(error.code).toBe(refusal.code);
    expect(error.hint).toMatch(refusal.hint);
    expect(JSON.stringify(error)).not.toContain("hf_x");
    // Asking again would change nothing.
    expect(requests).toBe(isListing ? 1 : 2);
  });
});

describe("a private model", () => {
  it("is not there without its token, nor with another", async () => {
    await using hub = await createFakeHub({
      repositories: { "org/secret": { files, private: true } },
      token: "hf_right",
    });
    for (const token of [undefined, "hf_wrong"]) {
      const source = createHuggingFaceSource({ endpoint: hub.endpoint, token });
      await using store = await openPorts([source]);
      await expectStoreError(pull("hf.co/org/secret", store.ports), "ERR_STORE_MODEL_NOT_FOUND");
    }
    expect(hub.requests.map(({ server }) => server)).toEqual(["hub", "hub"]);
  });

  it("comes whole with its token, which the hub alone sees, after a break as well", async () => {
    await using hub = await createFakeHub({
      repositories: { "org/secret": { files, private: true } },
      token: "hf_right",
      faults: { cut: { afterBytes: 300_000 } },
    });
    const timers = createHastyTimers();
    const source = createHuggingFaceSource({ endpoint: hub.endpoint, token: "hf_right", timers });
    await using store = await openPorts([source], timers);
    const result = await pull("hf.co/org/secret", store.ports);
    expect(result.files).toMatchObject([{ path: "config.json" }, { digest: digestBytes(weights) }]);
    const foreign = hub.requests.filter(({ server }) => server === "cdn");
    expect(foreign.length).toBeGreaterThan(1);
    for (const { headers, url } of foreign) {
      expect(headers).not.toHaveProperty("authorization");
      expect(JSON.stringify(headers) + url).not.toContain("hf_right");
    }
    const own = hub.requests.filter(({ server }) => server === "hub");
    expect(own.map(({ headers }) => headers["authorization"])).toEqual(
      own.map(() => "Bearer hf_right"),
    );
  });

  it("whose token ends between two pulls goes on where it stopped, with the next one", async () => {
    const large = createContent(3_000_000, 24);
    const repositories = { "org/secret": { files: { "m.bin": large }, private: true } };
    await using hub = await createFakeHub({
      repositories,
      token: "hf_one",
      faults: { cut: { afterBytes: 1_000_000 } },
    });
    const timers = createHastyTimers();
    const sourceWith = (token: string) =>
      createHuggingFaceSource({ endpoint: hub.endpoint, token, timers });
    await using store = await openPorts([], timers);
    const withToken = (token: string) => ({ ...store.ports, sources: [sourceWith(token)] });
    const options = { retry: { attemptsMax: 1 }, connections: 1 };
    await expectStoreError(
      pull("hf.co/org/secret", withToken("hf_one"), options),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    await expectStoreError(
      pull("hf.co/org/secret", withToken("hf_two"), options),
      "ERR_STORE_MODEL_NOT_FOUND",
    );
    hub.setFaults({});
    const { bytesReused } = await pull("hf.co/org/secret", withToken("hf_one"), options);
    expect(bytesReused).toBeGreaterThan(0);
  });
});
