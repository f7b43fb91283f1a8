import type { PackReader } from "../chkl/pack-reader.ts";
import type { PackInfo } from "./repack-plan.ts";

/** What planning needs of an open pack. Objects in the order of the file. */
export function packInfoOf(pack: PackReader): PackInfo {
  const { id, size, count } = pack;
  const objects = [...pack.objects()].toSorted((a, b) => a.offset - b.offset);
  return { id, size, count, objects };
}
