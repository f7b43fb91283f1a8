import { openPinStore } from "@store/gc";
import { StoreError } from "@store/layout";
import { keptSubjects } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";

/** `store unpin NAME|DIGEST`: ends a pin, also one whose name is gone. Frees nothing. */
export async function endPin(context: CommandContext, text: string): Promise<number> {
  await using store = await openStore(context);
  const pins = openPinStore(store.layout);
  for (const subject of await keptSubjects(store.manifests, text)) {
    const pin = await pins.get(subject);
    if (pin === undefined || !(await pins.remove(subject))) continue;
    context.output.answer({
      json: { subject: pin.subject },
      text: `unpinned ${escapeText(pin.subject)}\n`,
    });
    return 0;
  }
  throw new StoreError(`not pinned: ${text}`, {
    kind: "not-found",
    code: "ERR_STORE_PIN_NOT_FOUND",
    hint: "`store pins` shows what is.",
    detail: { subject: text },
  });
}
