import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  createPaths,
  digestBytes,
  openBlobStore,
  parseDigest,
  quarantineFile,
  resolveHome,
} from "@store/layout";
import { createTemporaryLayout, expectStoreError } from "@store/layout/testing";

const HEX = "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789";
const paths = createPaths("/x");
const digest = parseDigest(`sha256:${HEX}`);

// Each test has the name of the one in inferd's store that asserts the same.
describe("inferd's store", () => {
  it("blob_path_uses_two_char_fanout", () => {
    expect(paths.blob(digest)).toBe(join("/x", "blobs", "sha256", "ab", HEX, "data"));
  });

  it("partial_path_lives_in_dot_partial_sibling: ours has its owner in the name, because inferd truncates the one without", () => {
    const partial = paths.partial(digest, "0123456789abcdef");
    expect(partial).toBe(join("/x", "blobs", "sha256", "ab", `.partial-${HEX}.0123456789abcdef`));
    expect(dirname(partial)).toBe(dirname(paths.blobDirectory(digest)));
  });

  it("partial_path_lives_in_dot_partial_sibling: the bytes in it are in data.tmp", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const bytes = new TextEncoder().encode("half of it");
    const target = { digest: digestBytes(bytes), size: bytes.length };
    await using ingest = await openBlobStore(layout).ingest(target);
    await ingest.writeAt(0, bytes);
    const [name] = await readdir(layout.paths.fanout(target.digest));
    expect(name).toMatch(/^\.partial-[0-9a-f]{64}\.[0-9a-f]{16}$/);
    expect(await readdir(join(layout.paths.fanout(target.digest), name ?? ""))).toContain(
      "data.tmp",
    );
  });

  it("manifest_path_uses_name_dot_json: the directory is here, names are read and written above", () => {
    expect(paths.manifests).toBe(join("/x", "manifests"));
  });

  it("ensure_layout_creates_dirs: ours makes no directory before the first write, so that looking never leaves a trace", async () => {
    await using temporary = await createTemporaryLayout();
    const blobs = openBlobStore(temporary.layout);
    expect(await blobs.stat(digest)).toBeUndefined();
    for await (const found of blobs.list()) expect.fail(found);
    await expect(readdir(temporary.root)).rejects.toMatchObject({ code: "ENOENT" });
    await blobs.add(new TextEncoder().encode("x"));
    expect(await readdir(temporary.root)).toEqual(expect.arrayContaining([".store", "blobs"]));
    expect(await readdir(join(temporary.root, "blobs"))).toContain("sha256");
  });

  it("quarantine_moves_file_under_quarantine_dir", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await layout.makeDirectory(layout.paths.root);
    const bad = join(temporary.root, "bad.bin");
    await writeFile(bad, "bytes");
    const path = await quarantineFile(layout, bad, { reason: "sha-mismatch" });
    await expect(readFile(bad)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile(path, "utf8")).toBe("bytes");
    expect(dirname(path)).toBe(join(temporary.root, "locks", "quarantine"));
    expect(path).toMatch(/\d{8}T\d{6}Z-sha-mismatch-[0-9a-f]+\.bin$/);
  });

  it("parse_blob_ref_strips_prefix: ours reads the whole digest, because what it cuts off becomes a path", async () => {
    expect(parseDigest(`sha256:${HEX}`)).toBe(`sha256:${HEX}`);
    for (const text of ["sha256:abc", "nope", "sha256:../../etc"]) {
      await expectStoreError(
        Promise.resolve().then(() => parseDigest(text)),
        "ERR_STORE_DIGEST_INVALID",
      );
    }
  });

  it("default_models_home_honours_models_home_env", () => {
    const env = { HOME: "/home/u", MODELS_HOME: "/tmp/inferd-test-models-home" };
    expect(resolveHome({ platform: "linux", env })).toBe("/tmp/inferd-test-models-home");
  });
});
