import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { nodeFs } from "./node-fs.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "store-prompt-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const promptFs = nodeFs.prompt ?? nodeFs;

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

it("does what the threads do, and fails as they do", async () => {
  const seen: unknown[][] = [];
  for (const [index, fs] of [nodeFs, promptFs].entries()) {
    const at = (name: string): string => join(root, `${index}-${name}`);
    await writeFile(at("other"), "other");
    const file = await fs.open(at("file"), "create", { permissions: 0o640 });
    const results: unknown[] = [
      await file.write(new TextEncoder().encode("content"), 2),
      await file.truncate(5),
      await file.chmod(0o600),
      await file.sync(),
      await file.datasync(),
    ];
    const buffer = new Uint8Array(8);
    results.push(await file.read(buffer, 2), buffer.toString(), (await file.stat()).size);
    await file.close();
    results.push(
      await outcome(fs.open(at("file"), "create")),
      await outcome(fs.open(at("none"), "read")),
      await outcome(fs.mkdir(at("directory"))),
      await outcome(fs.mkdir(at("directory"))),
      await outcome(fs.link(at("file"), at("further"))),
      await outcome(fs.link(at("file"), at("other"))),
      (await fs.lstat(at("file"))).links,
      await outcome(fs.symlink(at("file"), at("link"))),
      (await fs.lstat(at("link"))).kind,
      (await fs.stat(at("link"))).kind,
      await outcome(fs.open(at("link"), "read")),
      await outcome(fs.rename(at("file"), at("directory/moved"))),
      await outcome(fs.syncDirectory(at("directory"))),
      await outcome(fs.syncDirectory(at("none"))),
      await outcome(fs.rmdir(at("directory"))),
      await outcome(fs.chmod(at("further"), 0o400)),
      (await fs.lstat(at("further"))).mode,
      await outcome(fs.unlink(at("further"))),
      await outcome(fs.unlink(at("further"))),
      await outcome(fs.lstat(at("further"))),
    );
    seen.push(results);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[1]).toContain("EEXIST");
});

it("is not inherited by a file system that changes some calls", () => {
  expect(nodeFs.prompt).toBeDefined();
  expect({ ...nodeFs }.prompt).toBeUndefined();
});

it("lets the event loop on while calls follow each other", async () => {
  const path = join(root, "file");
  await writeFile(path, "");
  const turn = new AbortController();
  setImmediate(() => turn.abort());
  // Without turns this would end after a million calls, and with none.
  for (let call = 0; call < 1_000_000 && !turn.signal.aborted; call += 1)
    await promptFs.lstat(path);
  expect(turn.signal.aborted).toBe(true);
  expect(await readFile(path, "utf8")).toBe("");
});

it("lets the event loop on although hundreds wait for their call", async () => {
  // A clock that goes on by a millisecond with each look at it, so that no more than a few calls fit.
  let nowMs = performance.now();
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 1));
  const turns: number[] = [];
  let made = 0;
  let isDone = false;
  function count(): void {
    turns.push(made);
    made = 0;
    if (!isDone) setImmediate(count);
  }
  setImmediate(count);
  const order: number[] = [];
  try {
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        await promptFs.lstat(root);
        order.push(index);
        made += 1;
      }),
    );
  } finally {
    isDone = true;
    clock.mockRestore();
  }
  turns.push(made);
  expect(Math.max(...turns)).toBeLessThanOrEqual(6);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});
