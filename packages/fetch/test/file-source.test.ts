import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Digest, digestBytes, nodeFs } from "@store/layout";
import { collectContent, createContent, expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createFileSource, pull, pickSource } from "../src/index.ts";
import { openPorts } from "./open-ports.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-fetch-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const bytes = createContent(3_000_000, 41);
const onWindows = process.platform === "win32";
const unlessWindows = onWindows ? " (skipped: Windows has no such files)" : "";

describe("pulling a file", () => {
  it("takes its bytes under its name, again and again", async () => {
    const path = join(directory, "My Model.gguf");
    await writeFile(path, bytes);
    await using store = await openPorts([createFileSource()]);
    const first = await pull(path, store.ports);
    expect(first).toMatchObject({ name: "My-Model", bytesFetched: bytes.length });
    const digest = first.files[0]?.digest;
    expect(digest).toBe(digestBytes(bytes));
    if (digest !== undefined) {
      expect(await collectContent(store.ports.blobs.read(digest))).toEqual(bytes);
    }
    expect((await pull(path, store.ports)).descriptor).toEqual(first.descriptor);
    await writeFile(path, "other");
    await expectStoreError(pull(path, store.ports), "ERR_STORE_NAME_CONFLICT");
  });

  it("brings it again where a sweep takes it before the lease speaks of it", async () => {
    const path = join(directory, "model.gguf");
    await writeFile(path, bytes);
    await using store = await openPorts([createFileSource()]);
    const { blobs, leases } = store.ports;
    const digest = digestBytes(bytes);
    let taken = 0;
    const quickSweep = {
      ...leases,
      async acquire(...args: Parameters<typeof leases.acquire>) {
        const lease = await leases.acquire(...args);
        return {
          ...lease,
          async add(digests: Iterable<Digest>) {
            if (taken < 2) await (await blobs.trash(digest, `sweep${taken}`))?.destroy();
            taken += 1;
            await lease.add(digests);
          },
          [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
        };
      },
    };
    const { files } = await pull(path, { ...store.ports, leases: quickSweep });
    expect([taken, files.map((file) => file.digest)]).toEqual([3, [digest]]);
    expect(await collectContent(blobs.read(digest))).toEqual(bytes);
  });

  it("takes a directory under one reference, without what tools keep in dot files", async () => {
    await mkdir(join(directory, "m", "sub"), { recursive: true });
    await mkdir(join(directory, "m", ".cache"));
    await writeFile(join(directory, "m", "config.json"), "{}");
    await writeFile(join(directory, "m", "sub", "model.safetensors"), bytes);
    await writeFile(join(directory, "m", ".cache", "x"), "x");
    await using store = await openPorts([createFileSource()]);
    const result = await pull(join(directory, "m"), store.ports);
    expect(result.name).toBe("registry.ollama.ai/library/m:latest");
    expect(result.files.map(({ path }) => path)).toEqual(["config.json", "sub/model.safetensors"]);
  });

  it("refuses one that changes while it is read, and keeps nothing of it", async () => {
    const path = join(directory, "model.gguf");
    await writeFile(path, bytes);
    const fs = {
      ...nodeFs,
      async open(...args: Parameters<typeof nodeFs.open>) {
        const file = await nodeFs.open(...args);
        let reads = 0;
        return {
          ...file,
          async read(buffer: Uint8Array, position: number) {
            reads += 1;
            if (reads === 2) await appendFile(path, "more");
            return file.read(buffer, position);
          },
        };
      },
    };
    await using store = await openPorts([createFileSource({ fs })]);
    await expectStoreError(pull(path, store.ports), "ERR_STORE_UPSTREAM_CHANGED");
    for await (const digest of store.ports.blobs.list()) expect.fail(`kept ${digest}`);
  });

  it.skipIf(onWindows)(
    `may go through a link, but never through one inside a directory${unlessWindows}`,
    async () => {
      await writeFile(join(directory, "real.gguf"), bytes);
      await symlink(join(directory, "real.gguf"), join(directory, "link.gguf"));
      await using store = await openPorts([createFileSource()]);
      const { name } = await pull(join(directory, "link.gguf"), store.ports);
      expect(name).toBe("real");
      const error = await expectStoreError(pull(directory, store.ports), "ERR_STORE_NOT_A_FILE");
      expect(error.detail).toMatchObject({ path: join(directory, "link.gguf") });
    },
  );

  it.skipIf(onWindows)(`refuses fifos and devices at once${unlessWindows}`, async () => {
    const fifo = join(directory, "fifo.gguf");
    execFileSync("mkfifo", [fifo]);
    await using store = await openPorts([createFileSource()]);
    await expectStoreError(pull(fifo, store.ports), "ERR_STORE_NOT_A_FILE");
    await expectStoreError(pull("/dev/zero", store.ports), "ERR_STORE_NOT_A_FILE");
    await expectStoreError(pull(directory, store.ports), "ERR_STORE_NOT_A_FILE");
  });

  it("says so where there is nothing", async () => {
    await using store = await openPorts([createFileSource()]);
    const absent = join(directory, "x.gguf");
    const error = await expectStoreError(pull(absent, store.ports), "ERR_STORE_MODEL_NOT_FOUND");
    expect(error.message).toBe(`no file or directory ${absent}`);
    expect(error.hint).toMatch(/Check the path.*hf\.co\/org\/repo/);
    await expectStoreError(pull(directory, store.ports), "ERR_STORE_MODEL_NOT_FOUND");
    await expectStoreError(
      pull("file://host/x", store.ports),
      "ERR_STORE_LOCATION_UNKNOWN",
      "ERR_STORE_MODEL_NOT_FOUND",
    );
  });

  it("takes no name of a model for a path", () => {
    for (const location of ["model.gguf", "llama3.2:latest", "hf.co/org/repo", "", "a\0b"]) {
      expect(() => pickSource(location, [createFileSource()])).toThrow(
        expect.objectContaining({ code: "ERR_STORE_LOCATION_UNKNOWN" }),
      );
    }
  });
});
