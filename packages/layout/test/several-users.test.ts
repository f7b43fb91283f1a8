/** A store whose root lets several users write: what one made is no obstacle to another. */
import { execFile } from "node:child_process";
import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

import { createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const skipped = isRoot ? "" : " (skipped: needs to start as root to become other users)";

const GROUP = 2000;
const [ANN, BOB] = [1001, 1002];
/** Their digests begin alike, so that their directories share a parent. */
const [ONE, OTHER] = ["blob 5", "blob 33"];

/** Does one thing to the store as an ordinary user, and prints what came of it. */
const AS_USER = `
process.umask(0o022);
const [source, root, action, content = ""] = process.argv.slice(1);
const { digestBytes, openBlobStore, openLayout, openLeaseStore } = await import(source);
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const bytes = new TextEncoder().encode(content);
const digest = digestBytes(bytes);
const half = bytes.length >> 1;
const target = { digest, size: bytes.length };
const actions = {
  put: () => blobs.put(target, bytes).then(() => "there"),
  lease: async () => {
    await using lease = await openLeaseStore(layout).acquire([digest], { reason: "test" });
    return "leased";
  },
  async drop() {
    await blobs.release([digest]);
    const trashed = await blobs.trash(digest, "0123456789abcdef");
    await trashed?.destroy();
    return (await blobs.stat(digest)) === undefined ? "gone" : "still there";
  },
  async begin() {
    await using ingest = await blobs.ingest(target);
    await ingest.writeAt(0, bytes.subarray(0, half));
    await ingest.checkpoint();
    return ingest.missing();
  },
  async finish() {
    await using ingest = await blobs.ingest(target);
    const missing = ingest.missing();
    await ingest.writeAt(half, bytes.subarray(half));
    await ingest.commit();
    return missing;
  },
};
console.log(JSON.stringify(await actions[action]().catch((error) => String(error))));
`;

async function act(user: number, root: string, ...args: readonly string[]): Promise<unknown> {
  const source = new URL("../src/index.ts", import.meta.url).href;
  const prefix = ["--reuid", `${user}`, "--regid", `${GROUP}`, "--clear-groups"];
  const node = [process.execPath, "--input-type=module", "-e", AS_USER, source, root, ...args];
  const { stdout } = await run("setpriv", [...prefix, ...node]);
  return JSON.parse(stdout);
}

async function createRoot(mode: number): Promise<AsyncDisposable & { readonly root: string }> {
  const temporary = await createTemporaryLayout();
  const { root } = temporary;
  await chmod(dirname(root), 0o755);
  await mkdir(root);
  await chown(root, ANN, GROUP);
  await chmod(root, mode);
  return temporary;
}

describe.skipIf(!isRoot)(`the root of a group${skipped}`, () => {
  it("lets one user write beside what another wrote, and delete it", async () => {
    await using store = await createRoot(0o2775);
    const { root } = store;
    expect(await act(ANN, root, "put", ONE)).toBe("there");
    expect(await act(BOB, root, "put", OTHER)).toBe("there");
    expect(await act(BOB, root, "lease", ONE)).toBe("leased");
    expect(await act(BOB, root, "drop", ONE)).toBe("gone");
    expect(await act(BOB, root, "put", ONE)).toBe("there");
    expect(await act(ANN, root, "drop", ONE)).toBe("gone");
  });

  it("lets one user go on with what another began", async () => {
    await using store = await createRoot(0o2775);
    const { root } = store;
    expect(await act(ANN, root, "begin", ONE)).toEqual([{ start: 3, end: 6 }]);
    expect(await act(BOB, root, "finish", ONE)).toEqual([{ start: 3, end: 6 }]);
    expect(await act(ANN, root, "put", ONE)).toBe("there");
  });
});

describe.skipIf(!isRoot)(`the root of one user${skipped}`, () => {
  it("keeps what is his from the others", async () => {
    await using store = await createRoot(0o755);
    const { root } = store;
    expect(await act(ANN, root, "put", ONE)).toBe("there");
    expect((await lstat(`${root}/blobs/sha256`)).mode & 0o7777).toBe(0o755);
    expect(await act(BOB, root, "put", OTHER)).toMatch(/EACCES/);
    expect(await act(BOB, root, "drop", ONE)).toMatch(/EACCES/);
    expect(await act(ANN, root, "drop", ONE)).toBe("gone");
  });
});
