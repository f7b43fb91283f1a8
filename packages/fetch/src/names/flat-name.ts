import { withoutFormatEnding } from "../files/model-format.ts";

/** inferd's limit. */
const NAME_CHARS_MAX = 128;

const device = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?=\.|$)/i;

/**
 * A flat name made from a file name: its base without the ending of its format, everything the
 * grammar of flat names does not take replaced by `-`. Case is kept. Always a valid name.
 */
export function flatNameFrom(path: string): string {
  const base = withoutFormatEnding(path.slice(path.lastIndexOf("/") + 1));
  const fitted = base
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/\.{2,}/g, ".")
    .replace(/^[.-]+/, "")
    .slice(0, NAME_CHARS_MAX)
    .replace(/(?:\.json(?:\.tmp)?|[.-])+$/i, "");
  if (fitted === "") return "model";
  return device.test(fitted) ? `model-${fitted}` : fitted;
}
