import { findMisplaced } from "../blobs/list-fanouts.ts";
import { isStoreError, type StoreError } from "../errors/store-error.ts";
import type { Finding } from "../finding.ts";
import type { Layout } from "../root/layout.ts";

/** What is wrong with a store apart from its blobs: with what it says of itself, and its directories. */
export async function findStoreDamage(layout: Layout): Promise<readonly Finding[]> {
  const { readOnly, paths } = layout;
  const format = isStoreError(readOnly, "ERR_STORE_FORMAT_UNREADABLE")
    ? [toFinding(paths.format, readOnly)]
    : [];
  const misplaced = await findMisplaced(layout);
  return [...format, ...misplaced.map((error) => toFinding(String(error.detail["path"]), error))];
}

function toFinding(subject: string, { code, message, hint, detail }: StoreError): Finding {
  return { severity: "error", code, subject, message, hint, detail };
}
