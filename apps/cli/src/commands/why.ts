import { explain, type Explanation, ORPHAN_AGE_MS_MIN, takeSnapshot } from "@store/gc";
import { type Digest, withSweepLock } from "@store/layout";
import { parseName, REF_DEFAULTS } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { blobNotFound, readKept } from "../models/find-kept.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatDuration } from "../output/format-duration.ts";
import { createSweepPorts } from "../sweep/sweep-ports.ts";

/**
 * `store why DIGEST|NAME`: what keeps a blob, or each blob of a name, and what the next sweep would
 * do with it. Changes nothing.
 */
export async function explainBlobs(context: CommandContext, text: string): Promise<number> {
  await using store = await openStore(context);
  const { digest, name } = parseName(text, { defaults: REF_DEFAULTS });
  const asked =
    name === undefined && digest !== undefined
      ? { subject: digest, isName: false, digests: [digest] }
      : await readKept(store, text);
  const explanations = await explainAll(context, store, asked.digests);
  if (!asked.isName && digest !== undefined && explanations.every(isUnknown)) {
    throw blobNotFound(digest);
  }
  context.output.answer({
    json: { subject: asked.subject, blobs: explanations.map((one) => toJson(one)) },
    text: explanations.map((one) => `${one.digest} ${describe(one)}\n`).join(""),
  });
  return 0;
}

async function explainAll(
  { signal }: CommandContext,
  store: Store,
  digests: readonly Digest[],
): Promise<readonly Explanation[]> {
  const ports = createSweepPorts(store, (body) => withSweepLock(store.layout, body, { signal }));
  const snapshot = await takeSnapshot({ ...ports, expirables: [] }, { signal });
  return digests.map((one) => explain(snapshot, one));
}

function isUnknown({ verdict, roots, pins }: Explanation): boolean {
  return verdict === "absent" && roots.length === 0 && pins.length === 0;
}

function toJson({ digest, verdict, roots, leases, pins, orphanAgeMs }: Explanation): object {
  return { digest, verdict, names: roots, leases, pins, orphanAgeMs: orphanAgeMs ?? null };
}

function describe(explanation: Explanation): string {
  const holders = [
    ...explanation.roots.map((name) => `needed by ${name}`),
    ...explanation.leases.map(({ reason }) => `in use: ${reason}`),
    ...explanation.pins.map(({ subject, reason }) =>
      reason === "" ? `pinned as ${subject}` : `pinned as ${subject} (${reason})`,
    ),
  ].map((holder) => escapeText(holder));
  const { verdict, orphanAgeMs = 0 } = explanation;
  switch (verdict) {
    case "referenced":
    case "leased":
    case "pinned":
      return `stays: ${holders.join(", ")}`;
    case "released":
      return "goes with the next sweep: its last name was removed";
    case "orphan":
      return `goes with the next sweep: without a name for ${formatDuration(orphanAgeMs)}`;
    case "young":
      return `stays for ${formatDuration(ORPHAN_AGE_MS_MIN - orphanAgeMs)}: sweeps have seen it without a name for ${formatDuration(orphanAgeMs)}`;
    case "nameless":
      return "stays: the store has not one name, which looks like an accident (`store gc --allow-empty`)";
    case "unreadable":
      return "stays: it cannot be looked at (`store verify` says why)";
    case "trashed":
      return "was moved aside by a sweep that did not end; the next one gives it back or deletes it";
    case "absent":
      return holders.length === 0
        ? "is not in the store"
        : `is missing: ${holders.join(", ")}; pull it again`;
  }
}
