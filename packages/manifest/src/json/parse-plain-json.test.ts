import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseJson } from "./parse-json.ts";
import { parsePlainJson } from "./parse-plain-json.ts";

const DEPTH_MAX = 8;

const document = `{
  "schemaVersion": 2,
  "config": { "digest": "sha256:${"ab".repeat(32)}", "size": 3, "annotations": null },
  "layers": [{ "size": 17, "a b:{": "x\\n\\"y\\\\" }, { "size": 0 }],
  "flags": [true, false, [], {}, "f\u{e9}"]
}
`;

/** Objects without prototypes equal only their like. */
function unlike(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function parseStrictly(text: string): unknown {
  return parseJson(text, { depthMax: DEPTH_MAX, fail: (message) => new SyntaxError(message) });
}

describe("parsePlainJson", () => {
  it.each([document, "null", "[]", '{"a":{"a":1}}', "9007199254740991", ' "true: e" '])(
    "reads %j as the strict parser does",
    (text) => {
      expect(parsePlainJson(text, DEPTH_MAX)).toEqual(unlike(parseStrictly(text)));
    },
  );

  it.each([
    ["a key twice", '{"a":1,"a":1}'],
    ["a key twice, one of them escaped", '{"/":1,"\\/":1}'],
    ["a key twice in the depth", '[{"b":{"a":1,"a":2}}]'],
    ["`__proto__`", '{"__proto__":null}'],
    ["an escape by number", '"\\u005f"'],
    ["half a surrogate pair", '"\\ud800"'],
    ["a fraction", '{"size":0.5}'],
    ["an exponent", "[1e3]"],
    ["a large exponent", "[1E3]"],
    ["minus zero", "-0"],
    ["a number below zero", "-1"],
    ["a rounded number", "[9007199254740993]"],
    ["a number beyond the exact ones", "[9007199254740992]"],
    ["a byte order mark", "\u{feff}{}"],
    ["text after its end", "{} x"],
    ["no end", '{"a":"'],
    ["a control character in a text", '"a\tb"'],
    ["too many levels", `${"[".repeat(DEPTH_MAX + 1)}${"]".repeat(DEPTH_MAX + 1)}`],
    ["nothing", ""],
  ])("leaves %s to the strict parser", (_what, text) => {
    expect(parsePlainJson(text, DEPTH_MAX)).toBeUndefined();
  });

  it("never reads what the strict parser refuses or reads differently", () => {
    const pieces = [
      ...Array.from('"\\{}[]:,\n 0123-+.eE\0tu'),
      '"size":1,',
      '"size": 0',
      "__proto__",
      "\u{feff}",
      "null",
      "\\u0041",
      "\\\\",
      '\\"',
    ];
    let plain = 0;
    fc.assert(
      fc.property(
        fc.nat(document.length),
        fc.nat(3),
        fc.array(fc.constantFrom(...pieces), { maxLength: 2 }),
        (at, removed, inserted) => {
          const changed = document.slice(0, at) + inserted.join("") + document.slice(at + removed);
          const read = parsePlainJson(changed, DEPTH_MAX);
          if (read === undefined) return;
          plain += 1;
          expect(read).toEqual(unlike(parseStrictly(changed)));
        },
      ),
      { numRuns: 5_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});
