import { describe, expect, it } from "vitest";

import { decodeManifest } from "./decode-manifest.ts";
import { diffDocuments } from "./diff-documents.ts";
import type { Document } from "./document.ts";

function model(files: Readonly<Record<string, string>>): Document {
  const layers = Object.entries(files).map(([path, letter]) => ({
    digest: `sha256:${letter.repeat(64)}`,
    size: Number.parseInt(letter, 16),
    annotations: { "org.cncf.model.filepath": path },
  }));
  const config = { digest: `sha256:${"f".repeat(64)}`, size: 100 };
  const text = JSON.stringify({ schemaVersion: 2, config, layers });
  return decodeManifest(new TextEncoder().encode(text));
}

describe("diffDocuments", () => {
  const before = model({ "a.gguf": "1", "b.json": "2", "c.md": "3" });
  const after = model({ "d.md": "3", "b.json": "4", "a.gguf": "1" });

  it("tells files added, removed, changed and kept, by path", () => {
    const diff = diffDocuments(before, after);
    expect(diff.added.map(({ path }) => path)).toEqual(["d.md"]);
    expect(diff.removed.map(({ path }) => path)).toEqual(["c.md"]);
    expect(diff.changed.map((pair) => pair.after.path)).toEqual(["b.json"]);
    expect(diff.kept.map(({ path }) => path)).toEqual(["a.gguf"]);
  });

  it("counts bytes by content, so that a renamed file costs nothing", () => {
    expect(diffDocuments(before, after).bytes).toEqual({ added: 4, removed: 2, kept: 104 });
  });

  it("of a document and itself is empty", () => {
    const diff = diffDocuments(before, before);
    expect([diff.added, diff.removed, diff.changed]).toEqual([[], [], []]);
    expect(diff.bytes).toEqual({ added: 0, removed: 0, kept: 106 });
  });

  it("is the reverse of the reverse", () => {
    const there = diffDocuments(before, after);
    const back = diffDocuments(after, before);
    expect(back.added).toEqual(there.removed);
    expect(back.bytes).toEqual({ ...there.bytes, added: 2, removed: 4 });
  });
});
