import { join } from "node:path";

import { type Mutant, plantMutant } from "@store/testing/mutants";
import { describe, expect, it } from "vitest";

import * as manifest from "../src/index.ts";
import { documentProbes } from "./probes/document-probes.ts";
import { type Api, storeProbes } from "./probes/store-probes.ts";

// Mistakes planted one at a time in a copy of the sources: of what the probes ask, at least one must
// come out wrong. A probe that no mistake fails tests nothing.

const mutant = (bug: string, file: string, from: string, to = ""): Mutant => ({
  bug,
  file,
  from,
  to,
});

const put = "store/put-name.ts";
const publish = "store/publish-manifest.ts";
const roots = "store/list-roots.ts";
const json = "json/parse-json.ts";
const plainJson = "json/parse-plain-json.ts";

const mutants: readonly Mutant[] = [
  mutant(
    "no blob is looked at before the name is seen",
    publish,
    "if (info === undefined) throw blobMissing(name, digest);",
    "if (info === undefined) continue;",
  ),
  mutant(
    "no blob is looked at again",
    put,
    "if ((await blobs.ensureVerified(digest)) === undefined) return digest;",
  ),
  mutant("a blob's size is not compared", publish, "if (info.size !== size)", "if (info.size < 0)"),
  mutant(
    "a blob is published on its size alone",
    publish,
    "await blobs.ensureVerified(digest, options)",
    "await blobs.stat(digest, options)",
  ),
  mutant(
    "a manifest of the same size is taken for the same",
    put,
    "before?.digest === descriptor.digest",
    "before?.bytes?.length === bytes.length",
  ),
  mutant(
    "a manifest is named before it is a blob",
    publish,
    "await storeBlobs(context, publication, own);",
  ),
  mutant(
    "a new name replaces another one",
    put,
    "const replace = slot.exists ||",
    "const replace = true ||",
  ),
  mutant(
    "a swap is not compared in the end",
    put,
    'if (typeof options.ifMatch === "string")',
    "if (options.ifMatch === null)",
  ),
  mutant(
    "a removal compares nothing",
    "store/remove-name.ts",
    "if (digest !== ifMatch) throw",
    "if (digest === undefined) throw",
  ),
  mutant("spellings are not looked for again", put, "if (others.length === 0) return", "return"),
  mutant(
    "another writer's file of the same bytes is withdrawn",
    "store/withdraw-name.ts",
    "isSameFile(there, shown) ? ",
    "there !== undefined ? ",
  ),
  mutant(
    "a publish that failed leaves its name",
    put,
    "if (shown !== undefined) await withdrawName(layout, { ...prepared, slot, before, shown });",
  ),
  mutant(
    "case counts",
    "name/name-path.ts",
    "return decodeHost(segment).toLowerCase();",
    "return decodeHost(segment);",
  ),
  mutant(
    "what another name needs is released",
    "store/remove-name.ts",
    "for (const digest of root.digests) held.delete(digest);",
  ),
  mutant(
    "a name that cannot be read is passed over",
    roots,
    "throw rootUnreadable(called, error);",
    "return undefined;",
  ),
  mutant(
    "an empty manifest is passed over",
    roots,
    'if (file.kind === "stray" && isStoreError(error)',
    "if (isStoreError(error)",
  ),
  mutant(
    "a link hides names",
    "store/find-models.ts",
    'return kind === "symlink" ? { kind: "blocked", path } : undefined;',
    "return undefined;",
  ),
  mutant(
    "links among the names are followed",
    "store/inside-manifests.ts",
    "if (at >= 0) throw notADirectory(way[at] ?? manifests);",
  ),
  mutant(
    "a link to nothing is no names",
    "store/inside-manifests.ts",
    'if (kind !== undefined && kind !== "directory") throw notADirectory(manifests);',
  ),
  mutant(
    "strays are no roots",
    roots,
    "const { document, descriptor } = read.stored;",
    'if (file.kind === "stray") return undefined;\n    const { document, descriptor } = read.stored;',
  ),
  mutant(
    "a manifest is no root of its own blob",
    "store/read-manifest.ts",
    'document.kind === "v1" ? [] : [descriptor.digest]',
    'document.kind === "v1" ? [] : [descriptor.digest].slice(1)',
  ),
  mutant(
    "an index needs nothing below its manifests",
    "store/gather-blobs.ts",
    "needed.push(...describedBlobs(inner));",
    "if (inner === document) needed.push(...describedBlobs(inner));",
  ),
  mutant(
    "the last of two keys wins",
    json,
    'if (key in result) throw fail(cursor, "a key named twice");',
  ),
  mutant(
    "__proto__ is a key",
    json,
    'if (key === "__proto__") throw fail(cursor, "the key `__proto__`");',
  ),
  mutant(
    "numbers are rounded",
    json,
    "Number.isSafeInteger(exact) && String(exact) === number ? exact : INEXACT_NUMBER",
    "exact",
  ),
  mutant(
    "text after the end is ignored",
    json,
    'if (cursor.at < text.length) throw fail(cursor, "text after the end of the document");',
  ),
  mutant("nesting has no end", json, "depth >= depthMax", "depth >= 10_000"),
  mutant("sizes may be negative", "schemas.ts", ".int().nonnegative()", ".int()"),
  mutant(
    "documents have no limit",
    "document/manifest-json.ts",
    "4 * 1024 * 1024",
    "64 * 1024 * 1024",
  ),
  mutant(
    "a newer linked manifest is guessed at",
    "linked/decode-linked.ts",
    'typeof version === "number" && version !== 2',
    'typeof version === "number" && version < 2',
  ),
  mutant(
    "a document may be of two kinds",
    "linked/decode-linked.ts",
    "if (asIndex && asImage)",
    "if (asIndex && !asIndex)",
  ),
  mutant(
    "a digest may have two sizes",
    "linked/decode-linked.ts",
    "if (other !== size)",
    "if (other === -1)",
  ),
  mutant(
    "a backslash is part of a file's name",
    "document/file-path.ts",
    String.raw`["*:<>?\\|]`,
    `["*:<>?|]`,
  ),
  mutant(
    "files may differ in nothing but case",
    "document/file-path.ts",
    'return path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");',
    "return path;",
  ),
  mutant(
    "devices are names",
    "name/windows-names.ts",
    "return DEVICE.test(segment);",
    "return DEVICE.test(segment) && false;",
  ),
  mutant(
    "names may end in a dot",
    "name/name-parts.ts",
    'if (text.endsWith("."))',
    'if (text === ".")',
  ),
  mutant(
    "the last of two keys of a plain document wins",
    plainJson,
    "countMembers(value) === colons ? value : undefined",
    "value",
  ),
  mutant("__proto__ is a key of a plain document", plainJson, ' || text.includes("__proto__")'),
  mutant("fractions of a plain document that come to nothing are whole", plainJson, "case POINT:"),
  mutant("an exponent is as good as digits", plainJson, "<= DIGIT_LAST", "<= 0"),
  mutant("nesting of a plain document has no end", plainJson, "depth >= depthMax", "depth < 0"),
  mutant(
    "unknown fields of a source are lost",
    "v1/decode-v1.ts",
    "sourceExtra === undefined ? value.source : { ...value.source, extra: sourceExtra }",
    "value.source",
  ),
  mutant("unknown fields are lost", "v1/encode-v1.ts", "      ...formatExtra(manifest.extra),\n"),
];

const root = join(import.meta.dirname, "..");

/** What comes out wrong, up to the first where that is enough. */
async function failedProbes(api: Api, all: boolean): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const [what, probe] of Object.entries({ ...documentProbes, ...storeProbes })) {
    if (await probe(api)) continue;
    failed.push(what);
    if (!all) break;
  }
  return failed;
}

describe("the probes", () => {
  it("find nothing wrong with the package as it is", async () => {
    expect(await failedProbes(manifest, true)).toEqual([]);
  });

  it.each(mutants)("find out that $bug", { timeout: 60_000 }, async (planted) => {
    expect(await failedProbes(await plantMutant<Api>(root, planted), false)).not.toEqual([]);
  });
});
