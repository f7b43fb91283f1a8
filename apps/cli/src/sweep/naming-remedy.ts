import { isAbsolute } from "node:path";

import { isStoreError, type Layout, StoreError } from "@store/layout";
import { formatName, parseName } from "@store/manifest";

/**
 * Waits for a sweep; where a name or a file that cannot be read stops it, the hint says with which
 * command of ours, or with what else, to do without that one.
 */
export async function namingRemedy<T>({ paths }: Layout, sweep: Promise<T>): Promise<T> {
  try {
    return await sweep;
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_ROOT_UNREADABLE")) throw error;
    const { kind, code, message, detail } = error;
    const called = detail["name"];
    // What may only not be read is not to be given up, nor are all names at once.
    if (kind === "denied" || called === paths.manifests) throw error;
    const command = commandFor(called);
    if (command === undefined) throw error;
    const hint = `Mend it, or give up on purpose what only it needs: ${command}`;
    throw new StoreError(message, { kind, code, hint, detail, cause: error });
  }
}

function commandFor(called: unknown): string | undefined {
  if (typeof called !== "string") return undefined;
  if (isAbsolute(called)) return `move ${called} out of the store`;
  try {
    const { name } = parseName(called);
    return name === undefined ? undefined : `\`store rm ${formatName(name)}\``;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
}
