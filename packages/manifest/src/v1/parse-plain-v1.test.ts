import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseManifestJson } from "../document/manifest-json.ts";
import { SOURCE_FIELDS, V1_FIELDS } from "./v1-fields.ts";
import { parsePlainV1 } from "./parse-plain-v1.ts";

const plain = `{
  "schema_version": 1,
  "name": "x",
  "format": "gguf",
  "blob": "sha256:${"ab".repeat(32)}",
  "size_bytes": 3,
  "license": null,
  "source": {
    "registry": "h",
    "repo": "r",
    "revision": "v",
    "filename": "f\u{e9}"
  },
  "produced_by": "t/1",
  "produced_at": "2026-05-18T17:06:10Z"
}
`;

describe("parsePlainV1", () => {
  it("reads what inferd writes as the strict parser does", () => {
    expect({ ...parsePlainV1(plain)?.root }).toEqual({ ...parseManifestJson(plain, {}).root });
  });

  it.each([
    ["a key twice", plain.replace('"name": "x",', '"name": "x",\n  "name": "x",')],
    ["a key twice in source", plain.replace('"repo": "r"', '"registry": "r"')],
    ["an unknown field", plain.replace('"license"', '"licence"')],
    ["`__proto__`", plain.replace('"license": null', '"__proto__": null')],
    ["`__proto__` in source", plain.replace('"repo"', '"__proto__"')],
    ["a fraction", plain.replace('"size_bytes": 3', '"size_bytes": 0.5')],
    ["a rounded number", plain.replace(": 3,", ": 9007199254740993,")],
    ["a number beyond the exact ones", plain.replace(": 3,", ": 9007199254740992,")],
    ["minus zero", plain.replace(": 3,", ": -0,")],
    ["half a surrogate pair", plain.replace('"x"', '"\\ud800"')],
    ["values inside values", plain.replace('"x"', "[]")],
    ["a source of another kind", plain.replace(/"source": \{[^}]*\}/, '"source": []')],
    ["other spacing", plain.replace('"name": ', '"name":')],
    ["no newline at its end", plain.trimEnd()],
    ["text after its end", `${plain}x`],
    ["too many bytes", plain.replace('"x"', `"${"x".repeat(4_096)}"`)],
  ])("leaves a document with %s to the strict parser", (_what, text) => {
    expect(text).not.toBe(plain);
    expect(parsePlainV1(text)).toBeUndefined();
  });

  it("never reads what the strict parser refuses or reads differently", () => {
    const pieces = [
      ...Array.from('"\\{}[]:,\n 0123-.eE\0'),
      '"name": "x",\n  ',
      "\u{feff}",
      "null",
      "\\u0041",
    ];
    fc.assert(
      fc.property(
        fc.nat(plain.length),
        fc.nat(3),
        fc.constantFrom(...pieces),
        (at, removed, piece) => {
          const changed = plain.slice(0, at) + piece + plain.slice(at + removed);
          const read = parsePlainV1(changed);
          if (read === undefined) return;
          const strict = parseManifestJson(changed, {});
          expect({ ...read.root }).toEqual({ ...strict.root });
          expect(strict.unknownMembers(strict.root, V1_FIELDS)).toBeUndefined();
          expect(
            strict.unknownMembers(strict.root["source"] as never, SOURCE_FIELDS),
          ).toBeUndefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
