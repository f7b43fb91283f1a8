import { describe, expect, it } from "vitest";

import { digestBytes } from "@store/layout";

import { allowsRange, entityTag, listsTag } from "./entity-tag.ts";

const tag = entityTag(digestBytes(new Uint8Array([1])));
const other = entityTag(digestBytes(new Uint8Array([2])));

describe("listsTag", () => {
  it.each([tag, ` ${tag} `, `${other}, ${tag}`, `${other},${tag}`, `,, ${tag}`, `"a,b", ${tag}`])(
    "finds the tag in %s",
    (field) => {
      expect(listsTag(field, tag, "strong")).toBe(true);
      expect(listsTag(field, tag, "weak")).toBe(true);
    },
  );

  it("takes a star for any tag", () => {
    expect(listsTag("*", tag, "strong")).toBe(true);
  });

  it("finds a tag marked as weak only when it compares weakly", () => {
    expect(listsTag(`W/${tag}`, tag, "weak")).toBe(true);
    expect(listsTag(`W/${tag}`, tag, "strong")).toBe(false);
  });

  it.each([
    "",
    other,
    tag.slice(1, -1),
    `w/${tag}`,
    `"${tag}`,
    `*, ${other}`,
    `"open, ${tag}`,
    `${tag}x`,
    `"${"a".repeat(10_000)}`,
  ])("does not find the tag in %s", (field) => {
    expect(listsTag(field, tag, "weak")).toBe(false);
  });
});

describe("allowsRange", () => {
  it("needs our own tag, strong and alone", () => {
    expect(allowsRange(null, tag)).toBe(true);
    expect(allowsRange(tag, tag)).toBe(true);
    for (const field of [other, `W/${tag}`, "*", `${tag}, ${tag}`, "", new Date(0).toUTCString()]) {
      expect(allowsRange(field, tag), field).toBe(false);
    }
  });
});
