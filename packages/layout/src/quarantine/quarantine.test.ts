import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { expect, it } from "vitest";

import { EMPTY_DIGEST } from "../digest/digest.ts";
import { createTemporaryLayout, type TemporaryLayout } from "../testing/temporary-layout.ts";
import { quarantineFile } from "./quarantine.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 10, 11, 12, 999);

async function withBad(temporary: TemporaryLayout, name: string): Promise<string> {
  const path = join(temporary.root, name);
  await temporary.layout.makeDirectory(temporary.root);
  await writeFile(path, name);
  return path;
}

it("gives the convention's name, in whole seconds of UTC, and keeps the bytes", async () => {
  await using temporary = await createTemporaryLayout({ now: () => NOW_MS });
  const bad = await withBad(temporary, "bad");
  const path = await quarantineFile(temporary.layout, bad, { reason: "digest-mismatch" });
  expect(path.startsWith(join(temporary.root, "locks", "quarantine"))).toBe(true);
  expect(basename(path)).toMatch(/^20261121T101112Z-digest-mismatch-[0-9a-f]{16}\.bin$/);
  expect(await readFile(path, "utf8")).toBe("bad");
  await expect(stat(bad)).rejects.toMatchObject({ code: "ENOENT" });
});

it("says in a note beside it what the bytes were taken for", async () => {
  await using temporary = await createTemporaryLayout({ now: () => NOW_MS });
  const bad = await withBad(temporary, "bad");
  const why = {
    reason: "digest-mismatch",
    expected: EMPTY_DIGEST,
    actual: EMPTY_DIGEST,
    origin: "hf.co/org/repo",
  };
  const path = await quarantineFile(temporary.layout, bad, why);
  const note: unknown = JSON.parse(await readFile(path.replace(/\.bin$/, ".json"), "utf8"));
  expect(note).toEqual({ ...why, quarantinedAtMs: NOW_MS, formerly: "bad" });
});

it("keeps both of two in one second", async () => {
  await using temporary = await createTemporaryLayout({ now: () => NOW_MS });
  const { layout } = temporary;
  const bad = [await withBad(temporary, "a"), await withBad(temporary, "b")];
  const paths = await Promise.all(bad.map((path) => quarantineFile(layout, path, { reason: "x" })));
  expect(await Promise.all(paths.map((path) => readFile(path, "utf8")))).toEqual(["a", "b"]);
  expect(await readdir(layout.paths.quarantine)).toHaveLength(4);
});

it.each(["../../x", "a/b", "a b", "é", "x\0y", "a.b"])(
  "makes a plain name of the reason %j",
  async (reason) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const path = await quarantineFile(layout, await withBad(temporary, "bad"), { reason });
    expect(basename(path)).toMatch(/^\d{8}T\d{6}Z-[A-Za-z0-9-]+\.bin$/);
    expect(await readdir(layout.paths.quarantine)).toHaveLength(2);
  },
);

it("leaves the file where it is when the store must not be written to", async () => {
  await using temporary = await createTemporaryLayout();
  const bad = await withBad(temporary, "bad");
  const readOnly = await temporary.reopen({ readOnly: true });
  await expect(quarantineFile(readOnly, bad, { reason: "x" })).rejects.toBe(readOnly.readOnly);
  expect(await readFile(bad, "utf8")).toBe("bad");
});
