import { type Digest, parseDigest, type StoreError } from "@store/layout";

import { isAlgorithm } from "./format-name.ts";
import type { Name, RefDefaults } from "./name.ts";
import { type NamePart, refInvalid } from "./name-error.ts";
import { findPartProblem } from "./name-parts.ts";

export interface ParseNameOptions {
  /**
   * What fills in for the parts of a reference that are left out; without them every part must be
   * there. `REF_DEFAULTS` are Ollama's.
   */
  readonly defaults?: Partial<RefDefaults> | undefined;
}

/** The two halves of `name@digest`; at least one is there. */
export interface ParsedName {
  readonly name: Name | undefined;
  readonly digest: Digest | undefined;
}

/** The longest name with a digest has 575 bytes. Anything longer is refused before it is looked at. */
const TEXT_MAX = 1024;

/**
 * Reads what a person or a program calls a model by.
 *
 * | text | meaning |
 * |---|---|
 * | `x` (no `/`, no `:`) | the flat name `x` |
 * | `sha256:<hex>`, `sha256-<hex>`, `@<digest>` | a digest and no name |
 * | `x:t` | model `x`, tag `t`; host and namespace from the defaults |
 * | `n/x` | namespace `n`, model `x`; host and tag from the defaults |
 * | `n/x:t` | the same with tag `t` |
 * | `h/n/x` | host `h`, namespace `n`, model `x`; tag from the defaults |
 * | `h/n/x:t` | a full reference; `h` may have a port: `h:5000/n/x:t` |
 * | any of these, `@`, a digest | the name and the digest it must lead to |
 *
 * The tag begins at the last `:` that no `/` follows. There are no schemes, no escapes, no
 * trimming: the text is taken as it is, once. Case is kept.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID` with `detail.part` and `detail.index`
 */
export function parseName(text: string, options: ParseNameOptions = {}): ParsedName {
  if (typeof text !== "string") throw new TypeError("parseName takes a string");
  if (text.length > TEXT_MAX) {
    throw refInvalid(text, "name", { message: `longer than ${TEXT_MAX} bytes`, index: TEXT_MAX });
  }
  const alone = readDigest(text);
  if (alone !== undefined) return { name: undefined, digest: alone };
  const at = text.lastIndexOf("@");
  if (at < 0) return { name: parseNamePart(text, text, options.defaults), digest: undefined };
  const digest = readDigest(text.slice(at + 1));
  if (digest === undefined) throw notADigest(text, at + 1);
  const name = at === 0 ? undefined : parseNamePart(text, text.slice(0, at), options.defaults);
  return { name, digest };
}

function readDigest(text: string): Digest | undefined {
  return /^sha256[:-][0-9a-fA-F]{64}$/.test(text) ? parseDigest(text) : undefined;
}

/** @param named the part of `text` before `@`; it starts where `text` starts */
function parseNamePart(text: string, named: string, defaults: Partial<RefDefaults> = {}): Name {
  if (!/[/:]/.test(named)) {
    check(text, "name", named, 0);
    return { kind: "flat", name: named };
  }
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const path = tagged ? named.slice(0, colon) : named;
  const segments = path.split("/");
  if (segments.length > 3) throw tooDeep(text);
  if (segments.length === 1 && isAlgorithm(path)) throw notADigest(text, 0);
  const [model = "", namespace, host] = segments.toReversed();
  const name: Name = {
    kind: "ref",
    host: host ?? defaults.host ?? missing(text, "host", 0),
    namespace: namespace ?? defaults.namespace ?? missing(text, "namespace", 0),
    model,
    tag: tagged ? named.slice(colon + 1) : (defaults.tag ?? missing(text, "tag", named.length)),
  };
  check(text, "host", name.host, 0);
  check(text, "namespace", name.namespace, host === undefined ? 0 : host.length + 1);
  check(text, "model", model, path.length - model.length);
  check(text, "tag", name.tag, path.length + 1);
  return name;
}

/** @param start where the part begins in the whole text */
function check(
  text: string,
  part: Exclude<NamePart, "digest">,
  value: string,
  start: number,
): void {
  const problem = findPartProblem(part, value);
  if (problem === undefined) return;
  throw refInvalid(text, part, { ...problem, index: start + problem.index });
}

function missing(text: string, part: NamePart, index: number): never {
  throw refInvalid(text, part, {
    message: `the ${part} is missing`,
    index,
    hint: "Write the full reference: host/namespace/model:tag.",
  });
}

function notADigest(text: string, index: number): StoreError {
  return refInvalid(text, "digest", {
    message: "not a whole digest",
    index,
    hint: "A digest is `sha256:` followed by 64 hexadecimal digits.",
  });
}

function tooDeep(text: string): StoreError {
  const scheme = text.indexOf("://");
  return scheme > 0
    ? refInvalid(text, "host", {
        message: "a name has no scheme",
        index: scheme,
        hint: "Leave out what comes before the host, or pull the location and name it with --as.",
      })
    : refInvalid(text, "host", {
        message: "more than three parts before the tag",
        index: 0,
        hint: "Give it a name of the form host/namespace/model:tag with --as.",
      });
}
