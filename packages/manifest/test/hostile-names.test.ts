/** Names nobody means well by, in every place a name has. */
import { readdir } from "node:fs/promises";

import { isStoreError } from "@store/layout";
import { expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  encodeV1,
  findName,
  foldName,
  formatName,
  type Name,
  parseName,
  REF_DEFAULTS,
} from "../src/index.ts";
import { describeText, nameOf, openTestStore, v1Of } from "./support/test-store.ts";

const hex = "ab".repeat(32);

/** What no part of a name may be or contain. */
const refused: Readonly<Record<string, string>> = {
  "two dots": "..",
  "a dot": ".",
  "a way up": "../x",
  "a way up and down": "a/../b/../c",
  "a rooted path": "/abs",
  "a drive": "C:\\x",
  "a share": "\\\\srv\\x",
  "a backslash": "a\\b",
  "an empty part": "a//b",
  "a slash at the end": "a/",
  "a tilde": "~",
  "a home directory": "~root",
  "a variable": "$HOME",
  "an escaped way up": "%2e%2e%2f",
  "a twice escaped dot": "%252e",
  "a parameter": "..;/",
  "a fragment": "#/../..",
  "a query": "?x=..",
  "a scheme with credentials": "http://u:p@h/x",
  "a file URL": "file:///etc/passwd",
  NUL: "a\0b",
  "a line feed": "a\nb",
  "a line feed at the end": "a\n",
  "a carriage return": "a\r\nb",
  ESC: "a\u001b[31m",
  DEL: "a\u007f",
  "a right-to-left override": "a\u202eb",
  "a zero-width space": "a\u200bb",
  "a byte order mark": "\ufeffa",
  "a high surrogate": "a\ud800",
  "a low surrogate": "\udc00a",
  "a composed letter": "caf\u00e9",
  "a decomposed letter": "cafe\u0301",
  "sharp s": "stra\u00dfe",
  "a Kelvin sign": "\u212a",
  "a dotless i": "\u0131",
  "a dotted I": "\u0130",
  "full-width dots": "\uff0e\uff0e\uff0f",
  "a full-width letter": "\uff21",
  "a superscript device": "COM\u00b9",
  "a dot at the end": "a.",
  "a space at the end": "a ",
  "a space at the start": " a",
  "a tabulator": "a\tb",
  "an asterisk": "a*",
  "a question mark": "a?",
  "angle brackets": "<a>",
  "a bar": "a|b",
  "a quotation mark": '"a"',
  "an apostrophe": "'a'",
  "a command": "a;rm -rf",
  "a substitution": "$(id)",
  "256 bytes": "a".repeat(256),
  "128 letters of two bytes": "\u00e9".repeat(128),
  "1,000 parts": "a/".repeat(1_000),
  "64 KiB": "a".repeat(65_536),
  "a name of a file being written": ".tmp-0123456789abcdef",
  "a lock": ".lock",
  "a hidden file": ".hidden",
  "two at signs": `a@sha256:${hex}@sha256:${hex}`,
  "a digest cut short": `a@sha256:${hex.slice(1)}`,
  "a digest of another kind": `a@sha512:${hex}${hex}`,
  "a tag after a digest": `a@sha256:${hex}:t`,
  ...Object.fromEntries(
    ["CON", "prn", "Aux", "NUL", "nul.txt", "con.tar.gz", "COM1", "com9", "LPT1", "lpt9.x"].map(
      (device) => [`the device ${device}`, device],
    ),
  ),
};

/** Where a text can stand in a name. */
const places: Readonly<Record<string, (text: string) => string>> = {
  alone: (text) => text,
  "as a host": (text) => `${text}/n/m:t`,
  "as a namespace": (text) => `h/${text}/m:t`,
  "as a model": (text) => `h/n/${text}:t`,
  "as a tag": (text) => `h/n/m:${text}`,
  "as a digest": (text) => `h/n/m:t@${text}`,
};

function verdict(text: string): string {
  try {
    const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
    return [name && formatName(name), digest].filter((part) => part !== undefined).join("@");
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_REF_INVALID")) throw error;
    expect(error.kind).toBe("invalid");
    expect(error.message.length).toBeLessThan(1_000);
    expect(error.message).not.toMatch(/[\p{Cc}\u202e\u200b]|\p{Surrogate}/u);
    return "refused";
  }
}

const cases = Object.entries(refused).flatMap(([what, text]) =>
  Object.entries(places).map(([where, place]) => [what, where, place(text)] as const),
);

describe("a hostile name", () => {
  it("is one of at least 400", () => {
    expect(cases.length).toBeGreaterThanOrEqual(400);
  });

  it.each(cases)("with %s %s is refused", (_what, _where, text) => {
    expect(verdict(text)).toBe("refused");
  });

  it.each([
    ["", "refused"],
    [":", "refused"],
    ["@", "refused"],
    ["a:b:c", "refused"],
    ["h/n/m:t:u", "refused"],
    ["h/n/m:", "refused"],
    ["[::1]:5000/n/m:t", "refused"],
    ["-rf", "-rf"],
    ["h/n/-rf:t", "refused"],
    ["file:x", "registry.ollama.ai/library/file:x"],
    ["a:stream", "registry.ollama.ai/library/a:stream"],
    ["__proto__", "__proto__"],
    ["constructor", "constructor"],
    ["h/__proto__/constructor:toString", "h/__proto__/constructor:toString"],
    ["h:0/n/m:t", "h:0/n/m:t"],
    ["h:65536/n/m:t", "h:65536/n/m:t"],
    ["format.json", "refused"],
    ["x.json.tmp", "refused"],
    ["blobs", "blobs"],
    [`m:t@sha256:${hex}`, `registry.ollama.ai/library/m:t@sha256:${hex}`],
    ["a".repeat(128), "a".repeat(128)],
    ["a".repeat(129), "refused"],
    [`${"h".repeat(255)}/n/m:t`, `${"h".repeat(255)}/n/m:t`],
    [`${"h".repeat(256)}/n/m:t`, "refused"],
  ])("%j is %s", (text, expected) => {
    expect(verdict(text)).toBe(expected);
  });

  it("does not become another one in the store, where only ASCII case is folded", () => {
    const [upper, lower] = [nameOf("H/N/M:T"), nameOf("h/n/m:t")];
    expect(foldName(upper)).toBe(foldName(lower));
    const parts = ["constructor", "toString", "__proto__", "hasOwnProperty"];
    expect(new Set(parts.map((part) => foldName(nameOf(part)))).size).toBe(parts.length);
  });

  it("creates nothing, even where nobody parsed it", async () => {
    await using store = await openTestStore();
    const bytes = encodeV1(v1Of("x", describeText("weights")));
    for (const text of Object.values(refused)) {
      const hostile: readonly Name[] = [
        { kind: "flat", name: text },
        { kind: "ref", host: "h", namespace: text, model: "m", tag: "t" },
        { kind: "ref", host: "h", namespace: "n", model: "m", tag: text },
      ];
      for (const name of hostile) {
        // A text that is refused for more than one part may still be fit for this one.
        await store.manifests.put(name, bytes).catch(() => {});
        await store.manifests.get(name).catch(() => {});
        await store.manifests.unlink(name).catch(() => {});
      }
      await expectStoreError(findName(store.manifests, `h/n/m:${text}`), "ERR_STORE_REF_INVALID");
    }
    const left = await readdir(store.root).catch(() => []);
    expect(left.filter((name) => name === "manifests" || name === "blobs")).toEqual([]);
  });
});
