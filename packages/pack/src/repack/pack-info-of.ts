import type { PackObject } from "../chkl/pack-entry.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import { sortSliced } from "../loop/sort-sliced.ts";
import { finishInTurns, visitSliced, type Sliced } from "../loop/turns.ts";
import type { PackInfo } from "./repack-plan.ts";

/** What planning needs of an open pack. Objects in the order of the file. */
export function packInfoOf(pack: PackReader): Promise<PackInfo> {
  return finishInTurns(infoSliced(pack));
}

function* infoSliced(pack: PackReader): Sliced<PackInfo> {
  const { id, size, count } = pack;
  const named: PackObject[] = [];
  yield* visitSliced(pack.objects(), (object) => named.push(object));
  const objects = yield* sortSliced(named, (a, b) => a.offset - b.offset);
  return { id, size, count, objects };
}
