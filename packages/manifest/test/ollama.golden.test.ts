/** What Ollama's own code answered, and the manifests it wrote: we agree, or it is listed here. */
import { mkdir, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { isStoreError, parseDigest } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  decodeManifest,
  filesOf,
  findName,
  formatName,
  parseName,
  REF_DEFAULTS,
  referencedDigests,
  twinOf,
} from "../src/index.ts";
import { nameFromSegments } from "../src/name/name-path.ts";
import { collect, describeText, openTestStore, textOf } from "./support/test-store.ts";

const folder = new URL("golden/ollama/", import.meta.url);

function rowsOf(file: string): readonly (readonly [text: string, verdict: string])[] {
  return readFileSync(new URL(file, folder), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [json = "", verdict = ""] = line.split("\t");
      return [JSON.parse(json) as string, verdict];
    });
}

/** What a text means here: a bare word as the reference it falls back to. */
function meaningOf(text: string): string {
  try {
    const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
    const ref = name?.kind === "flat" ? twinOf(name) : name;
    if (ref?.kind !== "ref") return name === undefined ? "a digest" : "a flat name only";
    const parts = [ref.host, ref.namespace, ref.model, ref.tag].join(" ");
    return digest === undefined ? parts : `${parts} with a digest`;
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_REF_INVALID")) throw error;
    return "invalid";
  }
}

/** Texts that mean something else on purpose, and what: the README says why. */
const deviations: readonly (readonly [texts: RegExp, ours: RegExp])[] = [
  [/^-(?:a0)?$/, /^a flat name only$/],
  [/^\w+(?:\+\w+)?:\/\//, /^invalid$/],
  [/@sha256[:-][0-9a-f]{64}$/, / with a digest$/],
  [/^sha256-[0-9a-f]{64}$/, /^a digest$/],
  [/\.(?:[:/]|$)/, /^invalid$/],
  [/^CON$|\/aux:|\/LPT1\./, /^invalid$/],
  [/^m\.\.m$/, /^invalid$/],
  [/^h{256,350}\/n/, /^invalid$/],
];

describe("of the names that Ollama's parser was tried with", () => {
  const rows = rowsOf("names.tsv");

  it("there are 210, and 20 mean something else here", () => {
    expect(rows).toHaveLength(210);
    expect(rows.filter(([text, verdict]) => meaningOf(text) !== verdict)).toHaveLength(20);
  });

  it.each(rows)("%j is read alike, or differs on purpose", (text, verdict) => {
    const ours = meaningOf(text);
    if (ours === verdict) return;
    const known = deviations.find(([texts]) => texts.test(text));
    expect(known, `${ours} instead of ${verdict}`).toBeDefined();
    expect(ours).toMatch(known?.[1] ?? "");
  });
});

it.each(rowsOf("paths.tsv"))(
  "the path %j carries the name that Ollama sees in it",
  (path, name) => {
    const found = nameFromSegments(path.split("/"));
    expect(found === undefined ? "invalid" : formatName(found)).toBe(name);
  },
);

it.each(rowsOf("digests.tsv"))("the digest %j is what Ollama takes it for", (text, verdict) => {
  const ours = (() => {
    try {
      return parseDigest(text);
    } catch {
      return "invalid";
    }
  })();
  expect(ours).toBe(verdict);
});

/** The files of the recorded manifests by name, as the cache (`diskcache`) and the server wrote them. */
const stores: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  diskcache: {
    "127.0.0.1:5000/u/fromclient:latest": "model.gguf",
    "Registry.Example.COM:5000/NameSpace/MixedCase:V1": "model.gguf template license params.json",
    "hf.co/org/name-GGUF:Q4_K_M": "model.gguf license",
    "registry.ollama.ai/library/tiny:Q4_0": "model.gguf license",
    "registry.ollama.ai/library/tiny:latest": "model.gguf template license params.json",
  },
  server: {
    "127.0.0.1:18753/u/tiny:latest": "model.gguf template system license params.json",
    "127.0.0.1:18753/u/tiny:q8_0": "model.gguf",
    "registry.ollama.ai/library/tiny-q4:latest": "model.gguf",
    "registry.ollama.ai/library/tiny:latest": "model.gguf template system license params.json",
    "registry.ollama.ai/me/Derived:V1": "model.gguf template license system params.json",
  },
};

describe.each(Object.entries(stores))(
  "a models directory that Ollama's %s wrote",
  (kind, models) => {
    const files = readdirSync(new URL("manifests/", folder)).filter((file) =>
      file.startsWith(kind),
    );
    const bytesOf = (file: string): Uint8Array =>
      new Uint8Array(readFileSync(new URL(`manifests/${encodeURIComponent(file)}`, folder)));

    it("is read as it is, by every name in any case", async () => {
      await using store = await openTestStore();
      for (const file of files) {
        const path = file.replace(`${kind}--`, "").replaceAll("--", "/").replaceAll("%3A", ":");
        await mkdir(dirname(join(store.root, "manifests", path)), { recursive: true });
        await writeFile(join(store.root, "manifests", path), bytesOf(file));
      }
      const listed = await collect(store.manifests.listStored());
      const found = listed.map((one) => [
        formatName(one.entry.name),
        "stored" in one
          ? filesOf(one.stored.document)
              .map(({ path }) => path)
              .join(" ")
          : one.error,
      ]);
      expect(Object.fromEntries(found)).toEqual(models);
      for (const { entry } of listed) {
        const typed = formatName(entry.name).toUpperCase();
        expect(await findName(store.manifests, typed)).toEqual(entry.name);
      }
      expect(await collect(store.manifests.roots())).toHaveLength(files.length);
    });

    it.each(files)("keeps %s byte for byte, under the digest of its bytes", async (file) => {
      const bytes = bytesOf(file);
      await using store = await openTestStore();
      await mkdir(join(store.root, "manifests/h/n/m"), { recursive: true });
      await writeFile(join(store.root, "manifests/h/n/m/t"), bytes);
      const { name } = parseName("h/n/m:t");
      if (name === undefined) throw new Error("no name");
      const descriptor = await store.manifests.resolve(name);
      expect(descriptor?.digest).toBe(describeText(textOf(bytes)).digest);
      const chunks = await collect(store.blobs.read(describeText(textOf(bytes)).digest));
      expect(new Uint8Array(Buffer.concat(chunks))).toEqual(bytes);
      const text = textOf(bytes);
      for (const digest of referencedDigests(decodeManifest(bytes))) expect(text).toContain(digest);
    });
  },
);
