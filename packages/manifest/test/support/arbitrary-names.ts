import fc from "fast-check";

import { type Name, parseName } from "../../src/index.ts";

const word = (first: string, rest: string, sizeMax: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...first.split("")),
      fc.string({ unit: fc.constantFrom(...rest.split("")), maxLength: sizeMax - 1 }),
    )
    .map(([start, more]) => start + more);

const letters = "abcxyzABCXYZ0189";

const part = word(`${letters}_`, `${letters}_-.`, 20);
const host = word(`${letters}_`, `${letters}_-.:`, 30);
const namespace = word(`${letters}_`, `${letters}_-`, 20);

function isName(text: string): boolean {
  try {
    return parseName(text).name !== undefined;
  } catch {
    return false;
  }
}

/** Valid names of both kinds, often differing in little. */
export const names: fc.Arbitrary<Name> = fc.oneof(
  word(`${letters}_-`, `${letters}_-.`, 20)
    .filter(isName)
    .map((name): Name => ({ kind: "flat", name })),
  fc
    .record({ host, namespace, model: part, tag: part })
    .filter((ref) => isName(`${ref.host}/${ref.namespace}/${ref.model}:${ref.tag}`))
    .map((ref): Name => ({ kind: "ref", ...ref })),
);

/** Text made of what names and paths are made of, good and bad. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      ..."abzAZ019._-:/@\\%~ ".split(""),
      "..",
      "//",
      "con",
      "NUL",
      ".json",
      "sha256:",
      "é",
      "\0",
      "\ud800",
      "\u202e",
      "K",
    ),
    maxLength: 40,
  }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);
