import { BLOB, validImage, validIndex, validV1 } from "../support/valid-manifests.ts";
import type { Api } from "./store-probes.ts";

type Probe = (api: Api) => boolean;

const json = JSON.stringify;

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? "a bug";
  }
}

function refuses(call: () => unknown): boolean {
  return codeOf(call)?.startsWith("ERR_STORE_") === true;
}

/** Whether a document is accepted as it is and refused when it is changed. */
function decodes(api: Api, valid: object, change: (text: string) => string): boolean {
  const decode = (text: string): unknown => api.decodeManifest(new TextEncoder().encode(text));
  const whole = json(valid);
  return !refuses(() => decode(whole)) && refuses(() => decode(change(whole)));
}

/** A v1 manifest, decoded and encoded. */
function rewritten(api: Api, text: string): string {
  const document = api.decodeManifest(new TextEncoder().encode(text));
  if (document.kind !== "v1") throw new TypeError("no v1 manifest");
  return new TextDecoder().decode(api.encodeV1(document));
}

const layer = { mediaType: "application/octet-stream", digest: BLOB, size: 3 };

/** What the codecs and the grammar must do; each answers whether they do. */
export const documentProbes: Readonly<Record<string, Probe>> = {
  "refuses a key named twice": (api) =>
    decodes(api, validImage, (text) => text.replace("{", '{"x":1,"x":2,')),
  "refuses __proto__": (api) =>
    decodes(api, validImage, (text) => text.replace("{", '{"__proto__":{},')),
  "refuses a size that would be rounded": (api) =>
    decodes(api, { layers: [layer] }, (text) =>
      text.replace('"size":3', '"size":9007199254740993'),
    ),
  "refuses a size that is no plain whole number": (api) =>
    ["3.0", "3e0", "0.5", '"3"'].every((size) =>
      decodes(api, { layers: [layer] }, (text) => text.replace('"size":3', `"size":${size}`)),
    ),
  "refuses a negative size": (api) =>
    decodes(api, { layers: [layer] }, (text) => text.replace('"size":3', '"size":-3')),
  "refuses a second document": (api) => decodes(api, validV1, (text) => text + text),
  "refuses a byte order mark": (api) => decodes(api, validV1, (text) => `\ufeff${text}`),
  "refuses more than 4 MiB": (api) =>
    decodes(api, validImage, (text) => text + " ".repeat(5 * 1024 * 1024)),
  "refuses nesting without end": (api) =>
    decodes(api, validImage, (text) =>
      text.replace("{", `{"x":${"[".repeat(500)}${"]".repeat(500)},`),
    ),
  "guesses at no newer version": (api) =>
    ['{"schema_version":2}', '{"schemaVersion":3,"layers":[]}'].every(
      (text) =>
        codeOf(() => api.decodeManifest(new TextEncoder().encode(text))) ===
        "ERR_STORE_MANIFEST_VERSION_UNSUPPORTED",
    ),
  "refuses a document of two kinds": (api) =>
    decodes(api, validIndex, (text) => text.replace("{", '{"layers":[],')),
  "refuses two sizes of one digest": (api) =>
    decodes(api, { layers: [layer, layer] }, (text) => text.replace('"size":3', '"size":4')),
  "refuses a file outside of its directory": (api) =>
    ["../x", "/x", "a/../../x", "C:x", "a\\..\\..\\x"].every((path) =>
      refuses(() => api.checkFilePaths([path])),
    ),
  "refuses two files that are one somewhere": (api) =>
    refuses(() => api.checkFilePaths(["Model.bin", "model.bin"])),
  "refuses a name that leads away": (api) =>
    ["..", "h/n/m:..", "h/../m:t", "h/n/m/../x:t"].every((text) =>
      refuses(() => api.parseName(text)),
    ),
  "refuses devices and trailing dots": (api) =>
    ["CON", "h/n/nul.txt:t", "h/n/m:t."].every((text) => refuses(() => api.parseName(text))),
  "keeps unknown fields when it writes": (api) => {
    const source = { ...(validV1["source"] as object), origin: [2] };
    const text = rewritten(api, json({ ...validV1, source, later: { a: [1, "x"] } }));
    return text.includes('"later": {"a":[1,"x"]}') && text.includes('"origin": [2]');
  },
  "reads what it writes, and refuses what was added": (api) => {
    const text = rewritten(api, json({ ...validV1, license: "a\\b" }));
    return rewritten(api, text) === text && refuses(() => rewritten(api, `${text}{}`));
  },
  "refuses text after a manifest as it is written": (api) =>
    refuses(() => rewritten(api, `${rewritten(api, json(validV1))}{}`)),
  "names each digest once": (api) => {
    const document = api.decodeManifest(new TextEncoder().encode(json({ layers: [layer, layer] })));
    return [...api.referencedDigests(document)].length === 1;
  },
};
