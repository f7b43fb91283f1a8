import { join } from "node:path";

import { type FsPort, nodeFs } from "@store/layout";

import { compare, report } from "../harness/compare.ts";
import { withScratch } from "../harness/scratch.ts";
import { fillNames, nameAt, openNames, resolveAll, storeManifests } from "./name-store.ts";

const FEW = 100;
const MANY = 100_000;
/** Names resolved in one run, spread over the store, and how often each. */
const SAMPLE = 100;
const REPEATS = 10;
/** One per level: host, namespace, model, tag. */
const LISTINGS_MAX = 4;

function sampleOf(count: number): readonly number[] {
  return Array.from({ length: SAMPLE }, (_, index) => Math.floor((index * count) / SAMPLE));
}

/** What finding a name costs, as it is spelled on disk and in any other spelling. */
export function benchResolve(): Promise<void> {
  return withScratch(async (directory) => {
    const side = async (count: number): Promise<{ name: string; run(): Promise<void> }> => {
      const root = join(directory, String(count));
      const sample = sampleOf(count);
      fillNames(root, count);
      await storeManifests(root, sample);
      const manifests = await openNames(root);
      const texts = Array.from({ length: REPEATS }, () => sample.map(nameAt)).flat();
      return { name: `among ${count}`, run: () => resolveAll(manifests, texts) };
    };
    const theirs = await side(FEW);
    const ours = await side(MANY);
    await compare(`resolve ${SAMPLE * REPEATS} exactly spelled names`, {
      ours,
      theirs,
      rounds: 9,
      target: 1.2,
    });

    const root = join(directory, String(MANY));
    const exact = await worstListings(root, (text) => text);
    report("directories listed to resolve an exactly spelled name", String(exact), {
      text: "0",
      met: exact === 0,
    });
    const other = await worstListings(root, (text) => text.toUpperCase());
    report("directories listed to resolve any other spelling, at most", String(other), {
      text: `≤ ${LISTINGS_MAX}`,
      met: other <= LISTINGS_MAX,
    });
  });
}

/** The most listings that one name of the sample took. */
async function worstListings(root: string, spell: (text: string) => string): Promise<number> {
  let listings = 0;
  const fs: FsPort = {
    ...nodeFs,
    readdir(path) {
      listings += 1;
      return nodeFs.readdir(path);
    },
    entries(path) {
      listings += 1;
      return nodeFs.entries(path);
    },
  };
  const manifests = await openNames(root, fs);
  let worst = 0;
  for (const index of sampleOf(MANY)) {
    listings = 0;
    await resolveAll(manifests, [spell(nameAt(index))]);
    worst = Math.max(worst, listings);
  }
  return worst;
}
