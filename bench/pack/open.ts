import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { type Digest, digestBytes, nodeFs } from "@store/layout";
import { createPackWriter, openPackSet, type PackInfo, packInfoOf, planRepack } from "@store/pack";

import { buildPackage } from "../harness/build-package.ts";
import { compare, report } from "../harness/compare.ts";
import { longestBurst } from "../harness/longest-burst.ts";
import { withScratch } from "../harness/scratch.ts";

const PACK_COUNT = 100;
const OBJECTS_PER_PACK = 10_000;
const MEMORY_MIB_MAX = 150;
const BURST_MS_MAX = 50;
const LOOKUP_COUNT = 200_000;

/** Peak memory of a process that runs the compiled packages, as a user's does. */
async function peakMib(program: string): Promise<number> {
  const whole = `
    import { readFileSync } from "node:fs";
    ${program}
    const status = readFileSync("/proc/self/status", "utf8");
    process.stdout.write(String(Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) / 1024));`;
  const args = ["--input-type=module", "-e", whole];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: import.meta.dirname,
  });
  return Number(stdout);
}

async function reportBurst(what: string, run: () => Promise<unknown>): Promise<void> {
  const worst = await longestBurst(run);
  report(`longest burst of synchronous work in ${what}`, `${worst.toFixed(1)} ms`, {
    text: `< ${BURST_MS_MAX} ms`,
    met: worst < BURST_MS_MAX,
  });
}

const everyOther = (objects: PackInfo["objects"]): readonly Digest[] =>
  objects.filter((_, index) => index % 2 === 0).map(({ digest }) => digest);

/** Opening a hundred packs of a million objects, and finding one of them. */
export function benchPackOpen(): Promise<void> {
  return withScratch(async (directory) => {
    const many = { fs: nodeFs, dir: join(directory, "many") };
    const one = { fs: nodeFs, dir: join(directory, "one") };
    const inMany: Digest[] = [];
    const inOne: Digest[] = [];
    await nodeFs.mkdir(many.dir);
    await nodeFs.mkdir(one.dir);
    for (let pack = 0; pack < PACK_COUNT; pack += 1) {
      await using writer = createPackWriter(many);
      for (let index = 0; index < OBJECTS_PER_PACK; index += 1) {
        const content = Buffer.from(`object ${pack} ${index}`);
        await writer.add(content);
        if (index % 100 === 0) inMany.push(digestBytes(content));
      }
      await writer.finish();
    }
    {
      await using writer = createPackWriter(one);
      for (let index = 0; index < OBJECTS_PER_PACK; index += 1) {
        const content = Buffer.from(`object 0 ${index}`);
        await writer.add(content);
        inOne.push(digestBytes(content));
      }
      await writer.finish();
    }
    await buildPackage("layout");
    await buildPackage("pack");
    const empty = await peakMib("");
    const full = await peakMib(`
      const { nodeFs } = await import("@store/layout");
      const { openPackSet } = await import("@store/pack");
      const set = await openPackSet({ fs: nodeFs, dir: ${JSON.stringify(many.dir)} });
      if (set.packs().length !== ${PACK_COUNT}) throw new Error("not all opened");
    `);
    report(
      `memory of ${PACK_COUNT} packs with ${PACK_COUNT * OBJECTS_PER_PACK} objects, above an empty process`,
      `${(full - empty).toFixed(0)} MiB`,
      { text: `< ${MEMORY_MIB_MAX} MiB`, met: full - empty < MEMORY_MIB_MAX },
    );
    await reportBurst("opening them", async () => {
      await using _ = await openPackSet(many);
    });
    await using manyPacks = await openPackSet(many);
    const infos: PackInfo[] = [];
    for (const pack of manyPacks.packs()) infos.push(await packInfoOf(pack));
    const half = new Set(infos.flatMap(({ objects }) => everyOther(objects)));
    const policy = { liveShareMin: 1, mergeBelowBytes: 0, packBytesMax: 2 ** 26 };
    await reportBurst("planning to rewrite them", () => planRepack(infos, half, policy));
    await using onePack = await openPackSet(one);
    const lookUp = (set: typeof onePack, digests: readonly Digest[]): void => {
      for (let count = 0; count < LOOKUP_COUNT; count += 1) {
        const digest = digests[(count * 7919) % digests.length] as Digest;
        if (set.find(digest) === undefined) throw new Error("not found");
      }
    };
    await compare(`${LOOKUP_COUNT} lookups in a set of ${PACK_COUNT} packs, in a set of one`, {
      ours: { name: `${PACK_COUNT} packs`, run: async () => lookUp(manyPacks, inMany) },
      theirs: { name: "1 pack", run: async () => lookUp(onePack, inOne) },
      target: 3,
    });
  });
}
