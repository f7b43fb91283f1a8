import {
  type Digest,
  type Finding,
  isStoreError,
  verifyBlobs,
  type VerifyOptions,
} from "@store/layout";
import { referencedDigests, type StoredManifest, verifyManifests } from "@store/manifest";
import { verifyPacks } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { EXIT_CODES } from "../errors/exit-codes.ts";
import { usageError } from "../errors/usage-error.ts";
import { checkAsked, findModel } from "../models/find-model.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { parseDuration } from "../output/format-duration.ts";
import { repairStore } from "../packs/repair-store.ts";

/** What was read so far. */
interface Checked {
  blobs: number;
  packs: number;
  bytes: number;
}

interface Verification {
  readonly context: CommandContext;
  readonly store: Store;
  readonly mode: "full" | "fast";
  readonly sample: VerifyOptions["sample"];
  readonly budgetMs: number | undefined;
  readonly checked: Checked;
}

export interface VerifyFlags {
  readonly fast?: boolean;
  readonly part?: string;
  readonly budget?: string;
  readonly repair?: boolean;
}

/** `store verify [NAME]`: reads everything, says what is wrong, changes nothing. */
export async function verifyStore(
  context: CommandContext,
  text: string | undefined,
  flags: VerifyFlags,
): Promise<number> {
  if (text !== undefined) checkAsked(text);
  const sample = flags.part === undefined ? undefined : parsePart(flags.part);
  const budgetMs = flags.budget === undefined ? undefined : parseBudget(flags.budget);
  await using store = await openStore(context);
  const mode = flags.fast === true ? "fast" : "full";
  const verification: Verification = {
    context,
    store,
    mode,
    sample,
    budgetMs,
    checked: { blobs: 0, packs: 0, bytes: 0 },
  };
  const { output } = context;
  const findings: Finding[] = [];
  const found =
    text === undefined
      ? verifyAll(verification)
      : verifyModel(verification, await findModel(store.manifests, text));
  for await (const finding of found) {
    findings.push(finding);
    output.text(formatFinding(finding));
  }
  const repair =
    flags.repair === true
      ? await repairStore(context, store, findings)
      : { quarantined: [], mended: [] };
  const { checked } = verification;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  output.answer({
    json: {
      ok: errors === 0,
      mode,
      checked,
      findings,
      quarantined: repair.quarantined,
      mended: repair.mended,
    },
    text: `${errors === 0 ? "all is well" : formatPlural(errors, "error")}: ${formatChecked(checked)} checked\n`,
  });
  return errors === 0 ? 0 : EXIT_CODES.corrupt;
}

async function* verifyAll(verification: Verification): AsyncGenerator<Finding> {
  const { context, store } = verification;
  const { signal } = context;
  yield* verifyManifests(store.manifests, store.blobs, { signal });
  yield* verifyLoose(verification, undefined);
  yield* verifyPacks(store.layout, {
    signal,
    onProgress: ({ bytes }) => count(verification, "packs", bytes),
  });
}

/** `2/7`: the second of seven parts of the blobs. */
function parsePart(text: string): NonNullable<VerifyOptions["sample"]> {
  const [, part = 0, parts = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (part >= 1 && part <= parts) return { index: part - 1, count: parts };
  throw usageError(
    `not a part of the blobs: ${JSON.stringify(text)}`,
    "Give a part and the number of parts, like 2/7.",
  );
}

function parseBudget(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw usageError(`not a duration: ${JSON.stringify(text)}`, "Give one like 90s, 30m or 2h.");
}

/** Everything one name needs. */
async function* verifyModel(
  verification: Verification,
  stored: StoredManifest,
): AsyncGenerator<Finding> {
  const { context, store } = verification;
  const { signal } = context;
  yield* verifyManifests(onlyThis(stored), store.blobs, { signal });
  const loose: Digest[] = [];
  for (const digest of digestsOf(stored)) {
    const info = await store.blobs.stat(digest, { signal });
    if (info?.where === "loose") loose.push(digest);
    else if (info !== undefined) yield* readPacked(verification, digest);
  }
  yield* verifyLoose(verification, loose);
}

/** A store of one name, as far as verifying names goes. */
function onlyThis(stored: StoredManifest): Parameters<typeof verifyManifests>[0] {
  return {
    async *list() {
      yield stored;
    },
    async *listStrays() {},
    get: () => Promise.resolve(stored),
  };
}

function digestsOf({ document, descriptor }: StoredManifest): readonly Digest[] {
  const own = document.kind === "v1" ? [] : [descriptor.digest];
  return [...new Set([...referencedDigests(document), ...own])].sort();
}

async function* verifyLoose(
  verification: Verification,
  digests: readonly Digest[] | undefined,
): AsyncGenerator<Finding> {
  const { context, store, mode, sample, budgetMs } = verification;
  yield* verifyBlobs(store.layout, {
    digests,
    mode,
    sample,
    budgetMs,
    signal: context.signal,
    onProgress: ({ bytes }) => count(verification, "blobs", bytes),
  });
}

/** Reading a packed object checks it. */
async function* readPacked(verification: Verification, digest: Digest): AsyncGenerator<Finding> {
  const { store, context } = verification;
  let bytes = 0;
  try {
    for await (const chunk of store.blobs.read(digest, { signal: context.signal })) {
      bytes += chunk.length;
    }
  } catch (error) {
    if (!isStoreError(error) || error.kind !== "corrupt") throw error;
    const { code, message, hint, detail } = error;
    yield { severity: "error", code, subject: digest, message, hint, detail };
  }
  count(verification, "blobs", bytes);
}

function count({ checked, context }: Verification, what: "blobs" | "packs", bytes: number): void {
  checked[what] += 1;
  checked.bytes += bytes;
  context.output.status.draw(() => `checked ${formatChecked(checked)}`);
}

function formatChecked({ blobs, packs, bytes }: Checked): string {
  const parts = [formatPlural(blobs, "blob")];
  if (packs > 0) parts.push(formatPlural(packs, "pack"));
  return [...parts, formatBytes(bytes)].join(", ");
}

function formatFinding({ severity, code, message, hint }: Finding): string {
  const advice = hint === undefined ? "" : `  hint: ${escapeText(hint)}\n`;
  return `${severity}: ${escapeText(message)} (${code})\n${advice}`;
}
