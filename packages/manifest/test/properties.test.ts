import { posix, win32 } from "node:path";

import { isStoreError } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  checkFilePaths,
  decodeManifest,
  encodeModelPack,
  encodeV1,
  filesOf,
  foldName,
  formatName,
  type Name,
  parseName,
  REF_DEFAULTS,
  referencedDigests,
  type V1Manifest,
} from "../src/index.ts";
import { nameFromSegments, nameToSegments } from "../src/name/name-path.ts";
import { names, texts } from "./support/arbitrary-names.ts";
import {
  addBlob,
  describeText,
  imageBytes,
  openTestStore,
  textOf,
  utf8,
  v1Of,
} from "./support/test-store.ts";

const seed = process.env["STORE_TEST_SEED"];
const settings = { numRuns: 500, ...(seed === undefined ? {} : { seed: Number(seed) }) };

/** The value, or nothing if a store error says the input is wrong; any other error is a fault. */
function accepted<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
}

describe("names", () => {
  it("come back from both their text forms", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(parseName(formatName(name)).name).toEqual(name);
        expect(parseName(formatName(name, "short"), { defaults: REF_DEFAULTS }).name).toEqual(name);
      }),
      settings,
    );
  });

  it("come back from their path, on every platform", () => {
    fc.assert(
      fc.property(names, fc.constantFrom("linux", "win32"), (name, platform) => {
        expect(nameFromSegments(nameToSegments(name, platform as NodeJS.Platform))).toEqual(name);
      }),
      settings,
    );
  });

  it("never leave the root, under the rules of any platform, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          texts,
          names.map((name) => formatName(name)),
        ),
        (text) => {
          const name = accepted(() => parseName(text, { defaults: REF_DEFAULTS }))?.name;
          if (name === undefined) return;
          for (const [path, root, platform] of [
            [posix, "/store/manifests", "linux"],
            [win32, "C:\\store\\manifests", "win32"],
          ] as const) {
            const segments = nameToSegments(name, platform);
            const resolved = path.resolve(root, ...segments);
            expect(path.relative(root, resolved).split(path.sep)).toEqual(segments);
            expect(segments.join("")).not.toMatch(/[/\\\0]/);
            if (platform === "win32") expect(segments.join("")).not.toContain(":");
            for (const segment of segments) expect(segment.length).toBeLessThanOrEqual(255);
          }
        },
      ),
      settings,
    );
  });

  it("fold alike exactly if they differ in nothing but case", () => {
    const recased = fc.tuple(names, fc.infiniteStream(fc.boolean())).map(([name, coins]) => {
      const text = formatName(name)
        .split("")
        .map((letter) =>
          coins.next().value === true ? letter.toUpperCase() : letter.toLowerCase(),
        )
        .join("");
      return [name, text] as const;
    });
    fc.assert(
      fc.property(recased, names, ([name, text], other) => {
        const same = parseName(text).name;
        if (same !== undefined) expect(foldName(same)).toBe(foldName(name));
        const equal = formatName(other).toLowerCase() === formatName(name).toLowerCase();
        expect(foldName(other) === foldName(name)).toBe(equal);
      }),
      settings,
    );
  });

  it("are found exactly by the names that fold alike", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(names, { maxLength: 4, selector: foldName }),
        names,
        async (held, asked) => {
          await using store = await openTestStore();
          const layer = await addBlob(store.blobs, "layer");
          for (const name of held) {
            const bytes =
              name.kind === "flat" ? encodeV1(v1Of(name.name, layer)) : imageBytes([layer]);
            await store.manifests.put(name, bytes, { force: true });
          }
          const questions: readonly Name[] = [...held, ...held.map(shout), asked];
          for (const question of questions) {
            const expected = held.find((name) => foldName(name) === foldName(question));
            const found = await store.manifests.locate(question);
            // A directory that exists is shared, so only the folded name is the one that was put.
            expect(found && foldName(found.name)).toBe(expected && foldName(expected));
            expect((await store.manifests.get(question)) !== undefined).toBe(
              expected !== undefined,
            );
          }
        },
      ),
      { ...settings, numRuns: 40 },
    );
  });
});

function shout(name: Name): Name {
  const raise = (text: string): string => text.toUpperCase();
  return name.kind === "flat"
    ? { kind: "flat", name: raise(name.name) }
    : {
        kind: "ref",
        host: raise(name.host),
        namespace: raise(name.namespace),
        model: raise(name.model),
        tag: raise(name.tag),
      };
}

const wellFormed = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((text) => !/\p{Surrogate}/u.test(text));
const extra = fc
  .uniqueArray(
    fc.record({
      key: wellFormed.filter((key) => key !== "__proto__").map((key) => `x${key}`),
      json: fc.json({ maxDepth: 3 }).filter((json) => !json.includes("__proto__")),
    }),
    { maxLength: 4, selector: ({ key }) => key },
  )
  .filter(
    (fields) =>
      accepted(() => fields.map(({ json }) => decodesAlone(json)))?.every(Boolean) ?? false,
  );

/** Whether our reader takes the value at all: it refuses half surrogate pairs, which fc.json makes. */
function decodesAlone(json: string): boolean {
  return accepted(() => decodeManifest(utf8(`{"layers":[],"x":${json}}`))) !== undefined;
}

const v1: fc.Arbitrary<V1Manifest> = fc
  .record({
    name: wellFormed,
    format: wellFormed,
    size: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    license: fc.option(wellFormed, { nil: undefined }),
    registry: wellFormed,
    repo: wellFormed,
    revision: wellFormed,
    filename: wellFormed,
    producedBy: wellFormed,
    content: wellFormed,
    outer: extra,
    inner: extra,
  })
  .map(({ registry, repo, revision, filename, content, outer, inner, ...rest }) => ({
    kind: "v1",
    ...rest,
    blob: describeText(content).digest,
    source: { registry, repo, revision, filename, ...(inner.length > 0 && { extra: inner }) },
    producedAt: "2026-01-02T03:04:05Z",
    ...(outer.length > 0 && { extra: outer }),
  }));

describe("v1 manifests", () => {
  it("come back from their bytes, with every unknown field", () => {
    fc.assert(
      fc.property(v1, (manifest) => {
        const bytes = encodeV1(manifest);
        expect(decodeManifest(bytes)).toEqual(manifest);
        expect(JSON.parse(textOf(bytes))).toMatchObject({ schema_version: 1, name: manifest.name });
      }),
      settings,
    );
  });

  it("are written as JSON.stringify writes them, and a newline", () => {
    fc.assert(
      fc.property(v1, (manifest) => {
        const { extra: _, ...plain } = manifest;
        const { extra: __, ...source } = plain.source;
        const text = textOf(encodeV1({ ...plain, source }));
        expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
      }),
      settings,
    );
  });
});

describe("the decoder", () => {
  const valid = [
    textOf(encodeV1(v1Of("x", describeText("weights")))),
    textOf(imageBytes([describeText("layer")], describeText("{}"))),
    textOf(encodeModelPack([{ path: "a/b.gguf", ...describeText("w") }], { name: "n" }).bytes),
  ];

  it("answers every mutation of a valid document with a document or a store error", () => {
    const mutation = fc.record({
      text: fc.constantFrom(...valid),
      at: fc.nat({ max: 2_000 }),
      remove: fc.nat({ max: 30 }),
      insert: fc.oneof(fc.string({ unit: "binary", maxLength: 8 }), fc.json({ maxDepth: 2 })),
    });
    fc.assert(
      fc.property(mutation, ({ text, at, remove, insert }) => {
        const start = at % (text.length + 1);
        const bytes = utf8(text.slice(0, start) + insert + text.slice(start + remove));
        const document = accepted(() => decodeManifest(bytes));
        if (document === undefined) return;
        for (const digest of referencedDigests(document))
          expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        accepted(() => filesOf(document));
      }),
      { ...settings, numRuns: 3_000 },
    );
  });

  it("answers any bytes with a document or a store error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        accepted(() => decodeManifest(bytes));
      }),
      settings,
    );
  });
});

describe("file paths", () => {
  it("that are accepted stay below any directory, under the rules of any platform", () => {
    fc.assert(
      fc.property(texts, (text) => {
        if (accepted(() => checkFilePaths([text]) ?? true) === undefined) return;
        for (const [path, root] of [
          [posix, "/a/b"],
          [win32, "C:\\a\\b"],
        ] as const) {
          const relative = path.relative(root, path.resolve(root, text));
          expect(relative.split(path.sep)).toEqual(text.split("/"));
        }
      }),
      { ...settings, numRuns: 2_000 },
    );
  });

  it("survive being packed, whatever they are and in whatever order", () => {
    const path = fc.array(fc.stringMatching(/^[a-z0-9_ü][a-z0-9_.-]{0,8}[a-z0-9]$/), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(
          path.map((parts) => parts.join("/")),
          { minLength: 1, maxLength: 6 },
        ),
        (paths) => {
          const files = paths.map((name) => ({ path: name, ...describeText(name) }));
          const pack = accepted(() => encodeModelPack(files));
          if (pack === undefined) return;
          expect(textOf(encodeModelPack(files.toReversed()).bytes)).toBe(textOf(pack.bytes));
          expect(filesOf(decodeManifest(pack.bytes)).map((file) => file.path)).toEqual(
            paths.toSorted(),
          );
        },
      ),
      settings,
    );
  });
});
