import { formatName } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { checkFree } from "../models/check-free.ts";
import { checkAsked, locateModel, parseNewName } from "../models/find-model.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";

/** `store tag NAME NEW`: a further name for the same bytes. */
export async function tagModel(
  context: CommandContext,
  text: string,
  added: string,
  flags: { readonly force?: boolean },
): Promise<number> {
  checkAsked(text);
  const to = parseNewName(added);
  await using store = await openStore(context);
  const from = await locateModel(store.manifests, text);
  if (flags.force !== true) await checkFree(store.manifests, to);
  const descriptor = await store.manifests.tag(from, to, {
    signal: context.signal,
    force: flags.force,
    ...(flags.force === true ? {} : { ifMatch: null }),
  });
  context.output.answer({
    json: { from: formatName(from), to: formatName(to), digest: descriptor.digest },
    text: `${escapeText(formatName(from, "short"))} is called ${escapeText(formatName(to, "short"))} as well\n`,
  });
  return 0;
}
