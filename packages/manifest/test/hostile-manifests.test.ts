import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { decodeManifest, filesOf, referencedDigests } from "../src/index.ts";
import { textOf, utf8 } from "./support/test-store.ts";
import { BLOB, OTHER, validImage, validIndex, validV1 } from "./support/valid-manifests.ts";

const INVALID = "ERR_STORE_MANIFEST_INVALID";
const TOO_LARGE = "ERR_STORE_MANIFEST_TOO_LARGE";
const UNKNOWN_DIGEST = "ERR_STORE_DIGEST_UNSUPPORTED";
const UNSUPPORTED = "ERR_STORE_MANIFEST_VERSION_UNSUPPORTED";

/** The code of the error, or the kind of document that was accepted. */
function verdict(bytes: Uint8Array | string): string {
  try {
    return decodeManifest(typeof bytes === "string" ? utf8(bytes) : bytes).kind;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const unknown = error.code === UNSUPPORTED || error.code === UNKNOWN_DIGEST;
    expect(error.kind).toBe(unknown ? "unsupported" : "corrupt");
    expect(error.message.length).toBeLessThan(2_000);
    expect(error.message).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/);
    return error.code;
  }
}

function json(value: unknown): string {
  return JSON.stringify(value);
}

const kinds = [
  ["v1", validV1],
  ["image", validImage],
  ["index", validIndex],
] as const;

describe.each(kinds)("a damaged %s manifest", (kind, valid) => {
  const whole = json(valid);

  it("is accepted while it is whole", () => {
    expect(verdict(whole)).toBe(kind);
    expect(verdict(` \n${whole}\n\n`)).toBe(kind);
  });

  it("is refused when it is cut anywhere", () => {
    for (let end = 0; end < whole.length; end += 1) {
      expect(verdict(whole.slice(0, end)), whole.slice(0, end)).toBe(INVALID);
    }
  });

  it.each([
    ["a byte order mark before it", `\ufeff${whole}`],
    ["NUL padding after it", `${whole}${"\0".repeat(4096)}`],
    ["a second document after it", `${whole}\n${whole}`],
    ["a comma at its end", whole.replace(/}$/, ",}")],
    ["an array around it", `[${whole}]`],
    ["a text around it", json(whole)],
    ["a key named twice", whole.replace("{", `{${whole.slice(1, whole.indexOf(",") + 1)}`)],
    ["__proto__ in it", whole.replace("{", '{"__proto__":{"blob":1},')],
    ["__proto__ deep in it", whole.replace("{", '{"x":[{"__proto__":1}],')],
  ])("is refused with %s", (_what, text) => {
    expect(verdict(text)).toBe(INVALID);
  });

  it.each([
    ["UTF-16", Buffer.from(whole, "utf16le")],
    ["UTF-16 with a mark", Buffer.from(`\ufeff${whole}`, "utf16le")],
    ["Latin-1", Buffer.from(whole.replace("{", '{"x":"\u00e9",'), "latin1")],
    [
      "bytes that are no UTF-8",
      Buffer.concat([utf8(whole.slice(0, -1)), Uint8Array.of(0xff), utf8("}")]),
    ],
    ["nothing at all", new Uint8Array(0)],
    ["NUL bytes only", new Uint8Array(512)],
  ])("is refused in %s", (_what, bytes) => {
    expect(verdict(new Uint8Array(bytes))).toBe(INVALID);
  });

  it("is refused beyond 4 MiB, whatever fills it", () => {
    expect(verdict(`${whole}${" ".repeat(5 * 1024 * 1024)}`)).toBe(TOO_LARGE);
    const note = json({ ...valid, note: "x".repeat(5 * 1024 * 1024) });
    expect(verdict(note)).toBe(TOO_LARGE);
  });

  it("is refused when it nests without end", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(verdict(whole.replace("{", `{"x":${deep},`))).toBe(INVALID);
    expect(verdict(whole.replace("{", `{"x":${"[".repeat(30)}${"]".repeat(30)},`))).toBe(kind);
  });
});

/** The valid manifest with the value at a path replaced, or the field left out for `undefined`. */
function spoil(valid: Readonly<Record<string, unknown>>, path: string, value: unknown): string {
  const copy = JSON.parse(json(valid)) as Record<string, unknown>;
  const keys = path.split(".");
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  const last = keys.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else at[last] = value;
  return json(copy);
}

const wrong = [undefined, null, true, 0, 1.5, -1, "", [], {}, ["x"], { x: 1 }, 2 ** 53, "x\0"];

describe("every field of a v1 manifest", () => {
  const fields = Object.keys(validV1).flatMap((key) =>
    key === "source" ? ["source", "source.registry", "source.filename"] : [key],
  );
  const accepted: Readonly<Record<string, (value: unknown) => boolean>> = {
    license: (value) => value === undefined || value === null || typeof value === "string",
    size_bytes: (value) => value === 0,
    blob: () => false,
    source: () => false,
    schema_version: () => false,
  };

  it.each(fields)("%s is checked for presence and type", (field) => {
    const accepts = accepted[field] ?? ((value: unknown) => typeof value === "string");
    for (const value of wrong) {
      const found = verdict(spoil(validV1, field, value));
      if (field === "schema_version" && value === 2 ** 53) continue;
      expect(found, `${field}: ${json(value)}`).toBe(accepts(value) ? "v1" : INVALID);
    }
  });

  it.each([2, 3, 4_294_967_296])("version %d is not guessed at", (version) => {
    expect(verdict(spoil(validV1, "schema_version", version))).toBe(UNSUPPORTED);
    expect(verdict(json({ schema_version: version }))).toBe(UNSUPPORTED);
  });

  it.each([
    "-1",
    "0.5",
    "9007199254740992",
    "9223372036854775808",
    '"12"',
    "1e400",
    "1e3",
    "3.0",
    "-0",
  ])("size %s is refused, never rounded", (size) => {
    expect(verdict(json(validV1).replace('"size_bytes":3', `"size_bytes":${size}`))).toBe(INVALID);
  });
});

describe("every field of a linked manifest", () => {
  it.each([
    ["config", "config.digest"],
    ["a layer", "layers.0.digest"],
  ])("the digest of %s must be one", (_what, path) => {
    for (const value of wrong) {
      expect(verdict(spoil(validImage, path, value)), json(value)).toBe(INVALID);
    }
  });

  it.each(["config.size", "layers.0.size"])("%s must be a whole number", (path) => {
    for (const value of wrong) expect(verdict(spoil(validImage, path, value))).toBe(INVALID);
  });

  it.each(["-1", "0.5", "9007199254740992", "9223372036854775808", '"3"', "1e400", "3e0", "3.0"])(
    "size %s is refused, never rounded",
    (size) => {
      expect(verdict(json(validImage).replace('"size":3', `"size":${size}`))).toBe(INVALID);
    },
  );

  it.each<[string, unknown, string]>([
    ["layers", undefined, "image"],
    ["layers", null, "image"],
    ["layers", [], "image"],
    ["layers", {}, INVALID],
    ["layers", [null], INVALID],
    ["layers", ["x"], INVALID],
    ["layers", [[]], INVALID],
    ["config", undefined, "image"],
    ["config", null, "image"],
    ["config", [], INVALID],
    ["config", {}, INVALID],
    ["annotations", null, "image"],
    ["annotations", { a: "b" }, "image"],
    ["annotations", { a: 1 }, INVALID],
    ["annotations", { a: null }, INVALID],
    ["annotations", [], INVALID],
    ["layers.0.annotations", { a: {} }, INVALID],
    ["layers.0.mediaType", 1, INVALID],
    ["layers.0.mediaType", undefined, "image"],
    ["artifactType", 7, INVALID],
    ["subject", {}, INVALID],
    ["subject", { digest: OTHER, size: 2 }, "image"],
    ["mediaType", undefined, "image"],
    ["mediaType", "", "image"],
    ["mediaType", 1, INVALID],
    ["mediaType", "application/vnd.docker.distribution.manifest.v2+json", "image"],
    ["mediaType", "application/vnd.oci.image.index.v1+json", INVALID],
    ["mediaType", "application/vnd.docker.distribution.manifest.list.v2+json", INVALID],
    ["mediaType", "application/vnd.docker.distribution.manifest.v1+prettyjws", INVALID],
    ["mediaType", "text/html", INVALID],
    ["manifests", [], INVALID],
    ["schemaVersion", undefined, "image"],
    ["schemaVersion", null, INVALID],
    ["schemaVersion", "2", INVALID],
    ["schemaVersion", 2.5, INVALID],
    ["schemaVersion", 1, UNSUPPORTED],
    ["schemaVersion", 3, UNSUPPORTED],
    ["schema_version", 1, INVALID],
  ])("an image manifest with %s = %j is %s", (path, value, expected) => {
    expect(verdict(spoil(validImage, path, value))).toBe(expected);
  });

  it.each<[string, unknown, string]>([
    ["manifests", null, "index"],
    ["manifests", {}, INVALID],
    ["manifests.0.platform", "linux", INVALID],
    ["manifests.0.platform", null, "index"],
    ["manifests.0.platform", { os: 1 }, INVALID],
    ["manifests.0.digest", "sha256:../..", INVALID],
    ["layers", [], INVALID],
    ["config", {}, INVALID],
    ["mediaType", "application/vnd.oci.image.manifest.v1+json", INVALID],
    ["mediaType", "application/vnd.docker.distribution.manifest.list.v2+json", "index"],
  ])("an index with %s = %j is %s", (path, value, expected) => {
    expect(verdict(spoil(validIndex, path, value))).toBe(expected);
  });
});

const wrongDigests = [
  `sha256:${"a".repeat(63)}`,
  `sha256:${"a".repeat(65)}`,
  `sha256:${"g".repeat(64)}`,
  `SHA256:${"a".repeat(64)}`,
  `Sha256:${"a".repeat(64)}`,
  `sha255:${"a".repeat(64)}`,
  `sha256!${"a".repeat(64)}`,
  `sha256${"a".repeat(64)}`,
  `sha512:${"a".repeat(128)}`,
  `sha512:${"a".repeat(64)}`,
  `blake3:${"a".repeat(64)}`,
  `md5:${"a".repeat(32)}`,
  "a".repeat(64),
  "sha256:",
  "sha256:../..",
  `sha256:../${"a".repeat(61)}`,
  `sha256:${"a".repeat(61)}/..`,
  ` sha256:${"a".repeat(64)}`,
  `sha256:${"a".repeat(64)} `,
  `sha256:${"a".repeat(64)}\n`,
  `sha256:${"a".repeat(64)}\0`,
  `sha256: ${"a".repeat(63)}`,
  `sha256:${"ａ".repeat(64)}`,
  `sha256:${"１".repeat(64)}`,
  `sha256:${"a".repeat(63)}\u0130`,
  `sha256::${"a".repeat(63)}`,
  `sha256-${"a".repeat(63)}-`,
  "x".repeat(100_000),
];

describe("a digest", () => {
  it.each([
    ["lower case", `sha256:${"ab".repeat(32)}`],
    ["upper case", `sha256:${"AB".repeat(32)}`],
    ["mixed case", `sha256:${"aB".repeat(32)}`],
    ["a dash", `sha256-${"ab".repeat(32)}`],
  ])("is read in %s", (_what, digest) => {
    const document = decodeManifest(utf8(spoil(validImage, "layers.0.digest", digest)));
    expect([...referencedDigests(document)]).toContain(`sha256:${"ab".repeat(32)}`);
  });

  it.each(wrongDigests)("%j is none in a v1 manifest", (digest) => {
    expect(verdict(spoil(validV1, "blob", digest))).toBe(INVALID);
  });

  it.each(wrongDigests)("%j is none in an image manifest", (digest) => {
    const known = /^(?:sha512:a{128}|blake3:a{64})$/.test(digest);
    const expected = known ? UNKNOWN_DIGEST : INVALID;
    expect(verdict(spoil(validImage, "layers.0.digest", digest))).toBe(expected);
    expect(verdict(spoil(validImage, "config.digest", digest))).toBe(expected);
    expect(verdict(spoil(validIndex, "manifests.0.digest", digest))).toBe(expected);
  });

  const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  it.each([
    ["of nothing with a size", { digest: empty, size: 1 }, INVALID],
    ["of something without a size", { digest: BLOB, size: 0 }, INVALID],
    ["of nothing without a size", { digest: empty, size: 0 }, "image"],
  ])("%s is %s", (_what, layer, expected) => {
    expect(verdict(spoil(validImage, "layers", [layer]))).toBe(expected);
  });

  it("has one size in a document", () => {
    const layer = { digest: BLOB, size: 3 };
    expect(verdict(spoil(validImage, "layers", [layer, layer]))).toBe("image");
    expect(verdict(spoil(validImage, "layers", [layer, { ...layer, size: 4 }]))).toBe(INVALID);
    expect(verdict(spoil(validImage, "config", { digest: BLOB, size: 4 }))).toBe(INVALID);
  });

  it("of zeros and size 0 is the config that Ollama's client leaves out", () => {
    const config = { digest: `sha256:${"0".repeat(64)}`, mediaType: "", size: 0 };
    const document = decodeManifest(utf8(json({ layers: [{ digest: BLOB, size: 3 }], config })));
    expect(document).toMatchObject({ kind: "image", config: undefined });
    expect([...referencedDigests(document)]).toEqual([BLOB]);
  });
});

describe("blanks", () => {
  it("are no part of what a document says, up to the limit", () => {
    const blanks = (size: number): string => " ".repeat(size) + json(validImage);
    expect(verdict(blanks(3 * 1024 * 1024))).toBe("image");
    expect(verdict(blanks(5 * 1024 * 1024))).toBe(TOO_LARGE);
    expect(verdict(" ".repeat(1024 * 1024))).toBe(INVALID);
  });
});

describe("a manifest of many layers", () => {
  const layer = { mediaType: "application/octet-stream", digest: BLOB, size: 3 };

  it("may repeat a layer, and names its digest once", () => {
    const text = json({ ...validImage, layers: Array.from({ length: 10_000 }, () => layer) });
    expect([...referencedDigests(decodeManifest(utf8(text)))]).toEqual([OTHER, BLOB]);
  });

  it("may have a layer for its config", () => {
    const config = { ...layer };
    const document = decodeManifest(utf8(json({ ...validImage, config, layers: [layer] })));
    expect([...referencedDigests(document)]).toEqual([BLOB]);
  });

  it("ends at 4 MiB: 100,001 layers are too many", () => {
    const text = json({ ...validImage, layers: Array.from({ length: 100_001 }, () => layer) });
    expect(verdict(text)).toBe(TOO_LARGE);
  });

  it("may not be a million faults", () => {
    const faults = `[${"{},".repeat(1_390_000)}{}]`;
    expect(verdict(`{"layers":${faults}}`)).toBe(INVALID);
    expect(verdict(`{"manifests":${faults}}`)).toBe(INVALID);
    expect(() => decodeManifest(utf8(`{"layers":${faults}}`))).toThrow("more than 50000");
  });

  it("says what is wrong with many of them in a few words", () => {
    const layers = Array.from({ length: 30_000 }, () => ({ digest: 1, size: "x" }));
    expect(verdict(json({ ...validImage, layers }))).toBe(INVALID);
  });
});

describe("annotations", () => {
  it("of any size below the limit are read", () => {
    const text = spoil(validImage, "annotations", { note: "x".repeat(3 * 1024 * 1024) });
    expect(verdict(text)).toBe("image");
    expect(verdict(spoil(validImage, "annotations", { note: "x".repeat(10_000_000) }))).toBe(
      TOO_LARGE,
    );
  });

  it("are not half a million", () => {
    const many = Object.fromEntries(Array.from({ length: 300_000 }, (_, index) => [index, ""]));
    expect(verdict(spoil(validImage, "annotations", many))).toBe(INVALID);
    expect(verdict(spoil(validImage, "layers.0.annotations", many))).toBe(INVALID);
  });

  it("named like members of objects are just keys", () => {
    const annotations = { constructor: "a", toString: "b", hasOwnProperty: "c" };
    const document = decodeManifest(utf8(spoil(validImage, "annotations", annotations)));
    expect(document).toMatchObject({ annotations });
  });

  it("cannot lead a file out of its directory", () => {
    for (const path of ["../x", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "con", "a\0", ""]) {
      const layer = { digest: BLOB, size: 3, annotations: { "org.cncf.model.filepath": path } };
      const document = decodeManifest(utf8(spoil(validImage, "layers", [layer])));
      expect(() => filesOf(document), path).toThrow(/not a usable file path/);
    }
  });
});

describe("layers at other hosts", () => {
  it("are decoded like any other; nothing follows their urls", () => {
    const layer = { digest: BLOB, size: 3, urls: ["http://169.254.169.254/x"] };
    const document = decodeManifest(utf8(spoil(validImage, "layers", [layer])));
    expect(textOf(utf8(json(document)))).not.toContain("169.254");
  });
});
