import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { collectContent, createContent, expectStoreError } from "@store/layout/testing";
import { encodeModelPack } from "@store/manifest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createOciSource, createRegistryCredentials, pull } from "../src/index.ts";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "./docker-registry.ts";
import { openPorts } from "./open-ports.ts";

const files = {
  "config.json": new TextEncoder().encode("{}"),
  "model.safetensors": createContent(9_000_000, 1),
  "sub/tokenizer.json": createContent(70_000, 2),
};
const title = `what skopeo pushed to docker-registry${noDockerRegistry ? ` (skipped: ${noDockerRegistry})` : ""}`;

describe.skipIf(noDockerRegistry !== undefined)(title, { timeout: 60_000 }, () => {
  let directory: string;
  let registry: DockerRegistry;
  const model = encodeModelPack(
    Object.entries(files).map(([path, bytes]) => ({
      path,
      digest: digestBytes(bytes),
      size: bytes.length,
    })),
    { name: "tiny", licenses: ["mit"] },
  );

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "store-registry-"));
    registry = await startDockerRegistry(directory);
    await writeImageLayout(join(directory, "layout"));
    registry.skopeo(
      "copy",
      "--dest-tls-verify=false",
      `oci:${join(directory, "layout")}:tiny`,
      `docker://${registry.host}/org/tiny:v1`,
    );
  }, 60_000);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  /** The model as an OCI image layout, as skopeo reads one. */
  async function writeImageLayout(root: string): Promise<void> {
    const blobs = join(root, "blobs/sha256");
    await mkdir(blobs, { recursive: true });
    for (const bytes of [...Object.values(files), model.bytes, model.config.bytes]) {
      await writeFile(join(blobs, digestBytes(bytes).slice("sha256:".length)), bytes);
    }
    const { mediaType, digest, size } = model.descriptor;
    const annotations = { "org.opencontainers.image.ref.name": "tiny" };
    const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations }] };
    await writeFile(join(root, "index.json"), JSON.stringify(index));
    await writeFile(join(root, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }

  it("is pulled with the same digests, by tag and by digest", async () => {
    const location = `oci+http://${registry.host}/org/tiny`;
    const inspected = registry.skopeo(
      "inspect",
      "--raw",
      "--tls-verify=false",
      `docker://${registry.host}/org/tiny:v1`,
    );
    const env = { REGISTRY_AUTH_FILE: registry.authFile };
    const credentials = createRegistryCredentials({ env, home: directory });
    for (const reference of [":v1", `@${digestBytes(inspected)}`]) {
      await using store = await openPorts([createOciSource({ credentials })]);
      const result = await pull(`${location}${reference}`, store.ports);
      expect(result.descriptor.digest).toBe(digestBytes(inspected));
      expect(result.descriptor.digest).toBe(model.descriptor.digest);
      for (const [path, bytes] of Object.entries(files)) {
        const file = result.files.find((candidate) => candidate.path === path);
        expect(file?.digest, path).toBe(digestBytes(bytes));
        if (file === undefined) continue;
        expect(await collectContent(store.ports.blobs.read(file.digest))).toEqual(bytes);
      }
    }
  });

  it("is refused without the password", async () => {
    await using store = await openPorts([createOciSource()]);
    await expectStoreError(
      pull(`oci+http://${registry.host}/org/tiny:v1`, store.ports),
      "ERR_STORE_AUTH_REQUIRED",
    );
  });

  it("is not there under another tag", async () => {
    const env = { REGISTRY_AUTH_FILE: registry.authFile };
    const credentials = createRegistryCredentials({ env, home: directory });
    await using store = await openPorts([createOciSource({ credentials })]);
    await expectStoreError(
      pull(`oci+http://${registry.host}/org/tiny:v2`, store.ports),
      "ERR_STORE_MODEL_NOT_FOUND",
    );
  });
});
