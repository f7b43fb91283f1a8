import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";

import { nodeFs } from "@store/layout";
import { createFaultyFs, createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { digestOf, digestOfHex } from "../../test/support/digests.ts";
import { openOrphanRecord } from "./open-orphan-record.ts";
import { ORPHANS_BYTES_MAX } from "./orphan-record-format.ts";

const [a, b] = ["a".repeat(64), "b".repeat(64)] as const;

describe("openOrphanRecord", () => {
  it("reads what it wrote, as sorted lines of a digest and a time", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const record = openOrphanRecord(layout);
    await record.write([
      [digestOfHex(b), 1_700_000_000_000],
      [digestOfHex(a), 0],
    ]);
    expect(await readFile(layout.paths.orphans, "utf8")).toBe(`${a} 0\n${b} 1700000000000\n`);
    expect([...(await record.read())]).toEqual([
      [digestOfHex(a), 0],
      [digestOfHex(b), 1_700_000_000_000],
    ]);
  });

  it("creates nothing when there is nothing to remember", async () => {
    await using temporary = await createTemporaryLayout();
    await openOrphanRecord(temporary.layout).write([]);
    await expect(readFile(temporary.layout.paths.format)).rejects.toThrow("ENOENT");
    expect([...(await openOrphanRecord(temporary.layout).read())]).toEqual([]);
  });

  it("forgets what is no longer an orphan", async () => {
    await using temporary = await createTemporaryLayout();
    const record = openOrphanRecord(temporary.layout);
    await record.write([[digestOf("x"), 1]]);
    await record.write([]);
    expect([...(await record.read())]).toEqual([]);
  });

  it.each([
    { what: "a line without an end", text: `${a} 1` },
    { what: "a digest of another length", text: `${a}0 1\n` },
    { what: "upper case", text: `${a.toUpperCase()} 1\n` },
    { what: "a time below zero", text: `${a} -1\n` },
    { what: "a time with a leading zero", text: `${a} 01\n` },
    { what: "a time that is not exact", text: `${a} 9999999999999999\n` },
    { what: "lines out of order", text: `${b} 1\n${a} 1\n` },
    { what: "a digest twice", text: `${a} 1\n${a} 1\n` },
    { what: "an empty line", text: `${a} 1\n\n` },
    { what: "a carriage return", text: `${a} 1\r\n` },
    { what: "bytes that are no text", text: `${a} 1\n\0\u00ff` },
  ])("remembers nothing, rather than a part, of a record with $what", async ({ text }) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await layout.makeDirectory(layout.paths.own);
    await writeFile(layout.paths.orphans, text, "latin1");
    expect([...(await openOrphanRecord(layout).read())]).toEqual([]);
  });

  it("remembers nothing of a record over its limit", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await layout.makeDirectory(layout.paths.own);
    await writeFile(layout.paths.orphans, "x".repeat(ORPHANS_BYTES_MAX + 1));
    expect([...(await openOrphanRecord(layout).read())]).toEqual([]);
  });

  it("follows no link, and replaces it without touching what it points to", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout, root } = temporary;
    await layout.makeDirectory(layout.paths.own);
    await writeFile(`${root}/elsewhere`, `${a} 1\n`);
    await symlink(`${root}/elsewhere`, layout.paths.orphans);
    const record = openOrphanRecord(layout);
    expect([...(await record.read())]).toEqual([]);
    await record.write([[digestOfHex(b), 2]]);
    expect(await readFile(`${root}/elsewhere`, "utf8")).toBe(`${a} 1\n`);
    expect([...(await record.read())]).toEqual([[digestOfHex(b), 2]]);
  });

  it("remembers nothing where a directory lies in its place", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await layout.makeDirectory(layout.paths.own);
    await mkdir(layout.paths.orphans);
    expect([...(await openOrphanRecord(layout).read())]).toEqual([]);
  });

  it("remembers nothing that the disk will not give back", async () => {
    await using temporary = await createTemporaryLayout();
    await openOrphanRecord(temporary.layout).write([[digestOfHex(a), 1]]);
    const calls = createFaultyFs(nodeFs);
    await openOrphanRecord(await temporary.reopen({ fs: calls })).read();
    const at = calls.calls.findIndex(
      (call) => call.startsWith("read ") && call.includes("orphans"),
    );
    const fs = createFaultyFs(nodeFs, { kind: "error", at: at + 1, errno: "EIO" });
    expect([...(await openOrphanRecord(await temporary.reopen({ fs })).read())]).toEqual([]);
    expect(fs.struck).toBe(true);
  });

  it("keeps the old record or the new one through a crash at any call", async () => {
    for (let at = 1; ; at++) {
      await using temporary = await createTemporaryLayout();
      await openOrphanRecord(temporary.layout).write([[digestOfHex(a), 1]]);
      const fs = createFaultyFs(nodeFs, { kind: "torn-write", at });
      try {
        await openOrphanRecord(await temporary.reopen({ fs })).write([[digestOfHex(b), 2]]);
      } catch (error) {
        if (!fs.struck) throw error;
      }
      const after = [...(await openOrphanRecord(temporary.layout).read())];
      expect([`${a} 1`, `${b} 2`]).toContain(
        after.map(([digest, sinceMs]) => `${digest.slice(7)} ${sinceMs}`).join(),
      );
      if (!fs.struck) break;
    }
  });
});
