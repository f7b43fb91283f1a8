import { openPinStore, type PinStore } from "@store/gc";
import { isStoreError, StoreError } from "@store/layout";
import { keptSubjects } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";

/** `store unpin NAME|DIGEST`: ends a pin, also one whose name is gone. Frees nothing. */
export async function endPin(context: CommandContext, text: string): Promise<number> {
  await using store = await openStore(context);
  const pins = openPinStore(store.layout);
  for (const subject of await keptSubjects(store.manifests, text)) {
    const pinned = await spellingOf(pins, subject);
    if (pinned === undefined || !(await pins.remove(subject))) continue;
    context.output.answer({ json: { subject: pinned }, text: `unpinned ${escapeText(pinned)}\n` });
    return 0;
  }
  throw new StoreError(`not pinned: ${text}`, {
    kind: "not-found",
    code: "ERR_STORE_PIN_NOT_FOUND",
    hint: "`store pins` shows what is.",
    detail: { subject: text },
  });
}

/** The subject of a pin as it was written; one that cannot be read is ended all the same. */
async function spellingOf(pins: PinStore, subject: string): Promise<string | undefined> {
  try {
    return (await pins.get(subject))?.subject;
  } catch (error) {
    if (!isStoreError(error) || error.kind !== "corrupt") throw error;
    return subject;
  }
}
