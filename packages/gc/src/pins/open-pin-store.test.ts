import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { openPinStore, type PinStore } from "./open-pin-store.ts";

const pin = { subject: "Model", digests: [digestOf(1)], reason: "why", untilMs: undefined };

async function listed(pins: PinStore): Promise<readonly string[]> {
  const subjects: string[] = [];
  for await (const { subject } of pins.list()) subjects.push(subject);
  return subjects.sort();
}

describe("a pin store", () => {
  it("keeps a pin until it is removed, whatever the case of its subject", async () => {
    await using store = await createTemporaryLayout({ now: () => 5.5 });
    const pins = openPinStore(store.layout);
    expect(await listed(pins)).toEqual([]);
    expect(await pins.remove("model")).toBe(false);
    expect(await readdir(store.root).catch(() => "nothing")).toBe("nothing");
    await pins.put(pin);
    await pins.put({ ...pin, subject: "h/n/m:t" });
    expect(await openPinStore(await store.reopen()).get("mODEL")).toEqual({
      ...pin,
      pinnedAtMs: 5,
      live: true,
    });
    expect(await listed(pins)).toEqual(["Model", "h/n/m:t"]);
    expect(await pins.remove("model")).toBe(true);
    expect(await listed(pins)).toEqual(["h/n/m:t"]);
  });

  it("replaces a pin of the same subject", async () => {
    await using store = await createTemporaryLayout();
    const pins = openPinStore(store.layout);
    await pins.put(pin);
    await pins.put({ ...pin, subject: "model", reason: "another" });
    expect(await pins.get("Model")).toMatchObject({ subject: "model", reason: "another" });
    expect(await listed(pins)).toHaveLength(1);
  });

  it("holds up to its end and not beyond", async () => {
    let nowMs = 0;
    await using store = await createTemporaryLayout({ now: () => nowMs });
    const pins = openPinStore(store.layout);
    expect(await pins.put({ ...pin, untilMs: 10 })).toMatchObject({ live: true });
    nowMs = 9;
    expect(await pins.get("Model")).toMatchObject({ live: true });
    nowMs = 10;
    expect(await pins.get("Model")).toMatchObject({ live: false });
    expect(await listed(pins)).toEqual(["Model"]);
  });

  it("writes the file that the format describes", async () => {
    await using store = await createTemporaryLayout({ now: () => 7 });
    await openPinStore(store.layout).put({ ...pin, digests: [digestOf(1), digestOf(1)] });
    const [file = ""] = await readdir(store.layout.paths.pins);
    expect(file).toBe("9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4.json");
    expect(await readFile(join(store.layout.paths.pins, file), "utf8")).toBe(
      `{
  "pin": 1,
  "subject": "Model",
  "reason": "why",
  "pinnedAtMs": 7,
  "untilMs": null,
  "digests": [
    "${digestOf(1)}"
  ]
}
`,
    );
  });

  it.each([
    { what: "of nothing", text: "" },
    { what: "torn", text: '{"pin":1,"subject":"x"' },
    { what: "of a newer version", text: '{"pin":2,"subject":"x"}' },
    {
      what: "of another subject",
      text: '{"pin":1,"subject":"x","reason":"","pinnedAtMs":0,"untilMs":null,"digests":[]}',
    },
  ])("does not pass over a file $what, because it may keep something", async ({ text }) => {
    await using store = await createTemporaryLayout();
    const pins = openPinStore(store.layout);
    await mkdir(store.layout.paths.pins, { recursive: true });
    await writeFile(join(store.layout.paths.pins, `${"0".repeat(64)}.json`), text);
    const error = await expectStoreError(listed(pins), "ERR_STORE_PIN_INVALID");
    expect(error.detail["path"]).toContain("0000.json");
  });

  it("passes over what is being written, and what is not ours", async () => {
    await using store = await createTemporaryLayout();
    await mkdir(store.layout.paths.pins, { recursive: true });
    for (const name of [".tmp-0123456789abcdef", "notes.txt"]) {
      await writeFile(join(store.layout.paths.pins, name), "{");
    }
    expect(await listed(openPinStore(store.layout))).toEqual([]);
  });

  it("writes nothing to a store that must not be written", async () => {
    await using store = await createTemporaryLayout({ readOnly: true });
    const pins = openPinStore(store.layout);
    await expectStoreError(pins.put(pin), "ERR_STORE_READ_ONLY");
    await expectStoreError(pins.remove("x"), "ERR_STORE_READ_ONLY");
  });
});
