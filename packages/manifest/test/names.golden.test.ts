import { readFileSync } from "node:fs";

import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { type ParsedName, parseName, REF_DEFAULTS } from "../src/index.ts";

const rows = readFileSync(new URL("golden/names.tsv", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t") as [text: string, expected: string]);

function describeParsed({ name, digest }: ParsedName): string {
  const parts: string[] = [];
  if (name?.kind === "flat") parts.push("flat", name.name);
  if (name?.kind === "ref") parts.push("ref", name.host, name.namespace, name.model, name.tag);
  if (digest !== undefined) parts.push("digest", digest);
  return parts.join(" ");
}

function parse(text: string): string {
  try {
    return describeParsed(parseName(text, { defaults: REF_DEFAULTS }));
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_REF_INVALID")) throw error;
    expect(error.kind).toBe("invalid");
    return `error ${String(error.detail["part"])} ${String(error.detail["index"])}`;
  }
}

describe("the recorded names", () => {
  it("are at least 200", () => {
    expect(rows.length).toBeGreaterThan(200);
  });

  it.each(rows)("reads %s", (json, expected) => {
    expect(parse(JSON.parse(json) as string)).toBe(expected);
  });
});
