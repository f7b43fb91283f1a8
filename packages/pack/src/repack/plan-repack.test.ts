import { type Digest, digestFromHex } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import type { PackObject } from "../chkl/pack-entry.ts";
import { parsePackId } from "../chkl/pack-id.ts";
import { parsePackKey } from "../hash/pack-key.ts";
import { planRepack } from "./plan-repack.ts";
import type { PackInfo, RepackPlan, RepackPolicy } from "./repack-plan.ts";

const digestOf = (content: number): Digest =>
  digestFromHex(content.toString(16).padStart(64, "0")) as Digest;

/** A pack of contents that take 100 bytes each; contents 40 apart have one key. */
function packOf(number: number, contents: readonly number[], strangers = 0): PackInfo {
  const objects = contents.map((content, index): PackObject => ({
    digest: digestOf(content),
    key: parsePackKey((content % 40).toString(16).padStart(32, "0")),
    offset: 8 + index * 100,
    encodedSize: 76,
    size: 200,
  }));
  const count = contents.length + strangers;
  const id = parsePackId(number.toString(16).padStart(16, "0"));
  return { id, size: 8 + count * 100, count, objects };
}

const policy: RepackPolicy = { liveShareMin: 0.5, mergeBelowBytes: 0, packBytesMax: 1000 };
const live = (...contents: readonly number[]): ReadonlySet<Digest> =>
  new Set(contents.map(digestOf));
const contentsOf = (plan: RepackPlan): readonly (readonly Digest[])[] =>
  plan.writes.map(({ objects }) => objects.map(({ digest }) => digest));

/** What a store holds after a plan, with ids that nothing else has. */
function applyPlan(packs: readonly PackInfo[], plan: RepackPlan): readonly PackInfo[] {
  const kept = packs.filter(({ id }) => plan.keeps.includes(id));
  const written = plan.writes.map(({ objects }, index): PackInfo => {
    let offset = 8;
    const moved = objects.map((object) => {
      const at = offset;
      offset += 24 + object.encodedSize;
      return { ...object, pack: undefined, offset: at };
    });
    const number = 1_000_000 + packs.length * 1000 + index;
    const id = parsePackId(number.toString(16).padStart(16, "0"));
    return { id, size: offset, count: moved.length, objects: moved };
  });
  return [...kept, ...written];
}

describe("planRepack", () => {
  it("keeps packs that are live enough", async () => {
    const packs = [packOf(1, [1, 2]), packOf(2, [3, 4])];
    expect(await planRepack(packs, live(1, 3, 4), policy)).toEqual({
      version: 1,
      writes: [],
      deletes: [],
      relied: [],
      keeps: packs.map(({ id }) => id),
      reclaimBytes: 0,
    });
  });

  it("deletes a pack nothing of which is live, and writes nothing for it", async () => {
    const [dead, alive] = [packOf(1, [1, 2]), packOf(2, [3])];
    const plan = await planRepack([dead, alive], live(3), policy);
    expect(plan).toMatchObject({ writes: [], deletes: [dead.id], keeps: [alive.id] });
    expect(plan.reclaimBytes).toBe(dead.size);
  });

  it("writes what is live of sparse packs into one, in the order of the files", async () => {
    const packs = [packOf(2, [4, 5, 6]), packOf(1, [1, 2, 3])];
    const plan = await planRepack(packs, live(3, 5), policy);
    expect(contentsOf(plan)).toEqual([[digestOf(3), digestOf(5)]]);
    expect(plan.writes[0]?.objects[0]).toMatchObject({ pack: packs[1]?.id, offset: 208 });
    expect(plan.reclaimBytes).toBe(2 * 308 - 208);
  });

  it("relies on a pack that is kept for what that holds as well, and says so", async () => {
    const [sparse, kept] = [packOf(1, [1, 2, 3]), packOf(2, [1])];
    const plan = await planRepack([sparse, kept], live(1), policy);
    expect(plan).toMatchObject({ writes: [], deletes: [sparse.id] });
    expect(plan.relied).toEqual([{ digest: digestOf(1), pack: kept.id }]);
  });

  it("keeps a pack with entries nobody can name, live or not", async () => {
    const foreign = packOf(1, [1], 5);
    expect((await planRepack([foreign], live(), policy)).keeps).toEqual([foreign.id]);
  });

  it("does not put two contents of one key into one pack", async () => {
    const packs = [packOf(1, [1, 7, 8]), packOf(2, [41, 9, 10])];
    const plan = await planRepack(packs, live(1, 41), policy);
    expect(contentsOf(plan)).toEqual([[digestOf(1)], [digestOf(41)]]);
  });

  it("starts another pack where one gets too large", async () => {
    const packs = [packOf(1, [...Array(30).keys()])];
    const plan = await planRepack(packs, live(...Array(12).keys()), policy);
    expect(contentsOf(plan).map(({ length }) => length)).toEqual([9, 3]);
  });

  it("merges small packs once there are two, and leaves one alone", async () => {
    const merging = { ...policy, mergeBelowBytes: 250 };
    const [one, two] = [packOf(1, [1]), packOf(2, [2])];
    expect((await planRepack([one], live(1, 2), merging)).keeps).toEqual([one.id]);
    const plan = await planRepack([one, two], live(1, 2), merging);
    expect(contentsOf(plan)).toEqual([[digestOf(1), digestOf(2)]]);
    expect(plan.reclaimBytes).toBe(8);
  });

  it("lets others have the thread between any thousand objects", async () => {
    // Every slice seems to have taken a second.
    let now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 1000));
    const others = { turns: 0, go: true };
    const count = (): void => {
      others.turns += 1;
      if (others.go) setImmediate(count);
    };
    setImmediate(count);
    try {
      const contents = [...Array(5000).keys()];
      await planRepack([packOf(1, contents)], live(...contents), { ...policy, liveShareMin: 1 });
    } finally {
      others.go = false;
      clock.mockRestore();
    }
    expect(others.turns).toBeGreaterThan(5);
  });

  it("takes a policy that makes no sense for a mistake of the caller", async () => {
    for (const wrong of [
      { liveShareMin: -0.1 },
      { liveShareMin: 1.1 },
      { liveShareMin: Number.NaN },
      { mergeBelowBytes: -1 },
      { packBytesMax: 1, mergeBelowBytes: 1 },
    ]) {
      await expect(planRepack([], live(), { ...policy, ...wrong })).rejects.toThrow(TypeError);
    }
  });
});

const stores = fc
  .array(
    fc.record({
      contents: fc.uniqueArray(fc.nat(90), { minLength: 1, maxLength: 12 }),
      strangers: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.nat(3) },
      ),
    }),
    { maxLength: 12 },
  )
  .map((packs) =>
    packs.map(({ contents, strangers }, index) => packOf(index + 1, contents, strangers)),
  );
const policies = fc.record({
  liveShareMin: fc.constantFrom(0, 0.3, 0.5, 1),
  mergeBelowBytes: fc.constantFrom(0, 300, 500),
  packBytesMax: fc.constantFrom(1000, 1500, 100_000),
});

/** Packs, the contents that are live, and a policy. */
async function forAnyStore(
  holds: (
    packs: readonly PackInfo[],
    contents: readonly number[],
    chosen: RepackPolicy,
  ) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(stores, fc.uniqueArray(fc.nat(90)), policies, holds));
}

describe("a repack plan", () => {
  it("never loses a live object, and never puts one where its key is taken", async () => {
    await forAnyStore(async (packs, contents, chosen) => {
      const alive = live(...contents);
      const plan = await planRepack(packs, alive, chosen);
      const after = applyPlan(packs, plan);
      const held = new Set(after.flatMap(({ objects }) => objects.map(({ digest }) => digest)));
      for (const { objects } of packs) {
        for (const { digest } of objects) if (alive.has(digest)) expect(held).toContain(digest);
      }
      for (const { objects } of plan.writes) {
        expect(objects.every(({ digest }) => alive.has(digest))).toBe(true);
        expect(new Set(objects.map(({ key }) => key)).size).toBe(objects.length);
        for (const object of objects) {
          const source = packs.find(({ id }) => id === object.pack);
          expect(source?.objects).toContainEqual({ ...object, pack: undefined });
        }
      }
      for (const { digest, pack } of plan.relied) {
        expect(plan.keeps).toContain(pack);
        const keeper = packs.find(({ id }) => id === pack);
        expect(keeper?.objects.some((object) => object.digest === digest)).toBe(true);
      }
      expect([...plan.keeps, ...plan.deletes].toSorted()).toEqual(packs.map(({ id }) => id));
      const bytes = (all: readonly PackInfo[]): number =>
        all.reduce((sum, { size }) => sum + size, 0);
      expect(plan.reclaimBytes).toBe(bytes(packs) - bytes(after));
    });
  });

  it("is the same whatever order the packs come in", async () => {
    await forAnyStore(async (packs, contents, chosen) => {
      const plan = await planRepack(packs, live(...contents), chosen);
      expect(await planRepack(packs.toReversed(), live(...contents), chosen)).toEqual(plan);
    });
  });

  it("has an end: after a few rounds there is nothing left to do", async () => {
    await forAnyStore(async (packs, contents, chosen) => {
      let store: readonly PackInfo[] = packs;
      for (let round = 0; round < 20; round++) {
        const plan = await planRepack(store, live(...contents), chosen);
        if (plan.deletes.length === 0) return;
        expect(plan.reclaimBytes > 0 || plan.writes.length < plan.deletes.length).toBe(true);
        store = applyPlan(store, plan);
      }
      expect.fail("still planning after 20 rounds");
    });
  });
});
