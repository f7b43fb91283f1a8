import { digestBytes, type Layout, verifyBlobs } from "@store/layout";
import { collectContent } from "@store/layout/testing";

import { verifyPacks } from "../../src/index.ts";
import { openBlobs } from "../support/stores.ts";
import { type CrashOperation, kept, keptDigests } from "./operations.ts";

/** What a program that opens the store now cannot read, or reads wrong; of packs also what is damaged. */
export async function findLost(
  layout: Layout,
  { damaged = false }: { readonly damaged?: boolean | undefined } = {},
): Promise<readonly string[]> {
  const lost: string[] = [];
  await using opened = await openBlobs(layout);
  for (const [index, digest] of keptDigests.entries()) {
    try {
      const bytes = await collectContent(opened.blobs.read(digest));
      if (digestBytes(bytes) !== digest) lost.push(`${index}: wrong bytes`);
    } catch (error) {
      lost.push(`${index}: ${String(error)}`);
    }
  }
  for await (const { severity, message } of verifyPacks(layout)) {
    if (severity === "error" && !damaged) lost.push(message);
  }
  for await (const { severity, message } of verifyBlobs(layout)) {
    if (severity === "error") lost.push(message);
  }
  return lost;
}

/** Everything wrong with what a crash left, before and after the work is done again to its end. */
export async function judge(layout: Layout, operation: CrashOperation): Promise<readonly string[]> {
  const lost = await findLost(layout, { damaged: operation.mends });
  await operation.run(layout);
  return [...lost, ...(await findLost(layout)).map((one) => `in the end: ${one}`)];
}

/** Reads everything kept, over and over, until told to stop; what it missed is returned. */
export async function readOn(
  layout: Layout,
  signal: AbortSignal,
): Promise<{ readonly rounds: number; readonly missed: readonly string[] }> {
  const missed: string[] = [];
  let rounds = 0;
  await using opened = await openBlobs(layout);
  for (; !signal.aborted || rounds === 0; rounds += 1) {
    for (const [index, digest] of keptDigests.entries()) {
      try {
        const info = await opened.blobs.stat(digest);
        if (info?.size !== kept[index]?.length) missed.push(`${index}: ${info?.size} bytes`);
        const bytes = await collectContent(opened.blobs.read(digest));
        if (digestBytes(bytes) !== digest) missed.push(`${index}: wrong bytes`);
      } catch (error) {
        missed.push(`${index}: ${String(error)}`);
      }
    }
  }
  return { rounds, missed };
}
