import { digestBytes } from "@store/layout";
import { expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createOciSource } from "../src/index.ts";
import { createFakeRegistry, type FakeRegistry } from "../src/testing/index.ts";
import { createHastyTimers } from "./open-ports.ts";

const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";
const zeros = `sha256:${"0".repeat(64)}`;

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await createFakeRegistry();
});
afterEach(() => registry.close());

function resolve(reference = ":latest", fetch?: typeof globalThis.fetch): Promise<unknown> {
  const source = createOciSource({ timers: createHastyTimers(), fetch });
  return source.resolve(`oci+http://${registry.host}/org/m${reference}`);
}

describe("a registry's manifest", () => {
  it("with other bytes than its digest is refused", async () => {
    const { digest } = registry.addManifest("org/m", "latest", { layers: [] }, OCI_IMAGE);
    const changed = new TextEncoder().encode('{"layers":[ ]}');
    const lie: typeof globalThis.fetch = async (input, init) => {
      const { status, headers } = await globalThis.fetch(input, init);
      return new Response(changed, { status, headers });
    };
    // By digest, and by a tag whose digest the registry says itself.
    for (const reference of [`@${digest}`, ":latest"]) {
      const error = await expectStoreError(
        resolve(reference, lie),
        "ERR_STORE_BLOB_DIGEST_MISMATCH",
      );
      expect(error).toMatchObject({
        kind: "corrupt",
        detail: { expected: digest, actual: digestBytes(changed) },
      });
      expect(error.message).toContain(digestBytes(changed));
    }
  });

  it("of more than 4 MiB is given up", async () => {
    const padding = "x".repeat(4 * 1024 * 1024);
    registry.addManifest("org/m", "latest", { layers: [], annotations: { padding } }, OCI_IMAGE);
    await expectStoreError(resolve(), "ERR_STORE_UPSTREAM_ERROR");
  });

  it.each([
    ["a web page", "<html>", "ERR_STORE_MANIFEST_INVALID"],
    ["schema 1", '{"schemaVersion":1,"fsLayers":[]}', "ERR_STORE_MANIFEST_VERSION_UNSUPPORTED"],
    ["an empty document", "{}", "ERR_STORE_MANIFEST_INVALID"],
    ["a key twice", '{"layers":[],"layers":[]}', "ERR_STORE_MANIFEST_INVALID"],
    ["both kinds at once", '{"layers":[],"manifests":[]}', "ERR_STORE_MANIFEST_INVALID"],
    [
      "a layer with a path out of the model",
      `{"layers":[{"digest":"${zeros}","size":1,"annotations":{"org.opencontainers.image.title":"../x"}}]}`,
      "ERR_STORE_MANIFEST_INVALID",
    ],
    [
      "a layer by SHA-512",
      '{"layers":[{"digest":"sha512:00","size":1}]}',
      "ERR_STORE_MANIFEST_INVALID",
    ],
    ["nothing in it", '{"layers":[]}', "ERR_STORE_MODEL_NOT_FOUND"],
  ] as const)("that is %s is refused", async (_what, body, code) => {
    registry.addManifest("org/m", "latest", new TextEncoder().encode(body), OCI_IMAGE);
    await expectStoreError(resolve(), code);
  });

  it("is asked for again when the registry is busy for a moment", async () => {
    const layers = [{ mediaType: "x/y", bytes: new Uint8Array([1]) }];
    const { digest } = registry.addModel("org/m", "latest", { layers });
    registry.setFaults({ rateLimit: { times: 2, retryAfter: "3" } });
    const timers = createHastyTimers();
    const source = createOciSource({ timers });
    const model = await source.resolve(`oci+http://${registry.host}/org/m`);
    expect({ revision: model?.revision, pauses: timers.pauses }).toEqual({
      revision: digest,
      pauses: [3000, 3000],
    });
  });
});
