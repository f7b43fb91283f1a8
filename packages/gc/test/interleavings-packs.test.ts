// The same search with packs: blobs that move between loose files and packs, and packs that are
// rewritten or lose what nobody needs, while names come and sweeps run. No lock is taken. The packs
// are models; the sweeps are the real `applyGc`.

import { describe, expect, it } from "vitest";

import { publisher, sweeper } from "./model/actors.ts";
import { type Actor, type Exploration, explore } from "./model/explore.ts";
import { packer, reader, repacker, unpacker } from "./model/pack-actors.ts";
import { checkWorld, createWorld, type World } from "./model/world.ts";

/** A search takes as long as it takes: the number of states is fixed, the machine is not. */
const NO_HURRY_MS = 300_000;

type Start = Parameters<typeof createWorld>[0];

const packed: Start = {
  data: false,
  names: { m: false },
  packs: { old: true, rewritten: false, trash: {} },
};
const loose: Start = { names: { m: false }, packs: { old: false, rewritten: false, trash: {} } };
const both: Start = { ...packed, data: true };
const promised = { names: { a: true }, promised: { a: true } } as const;

function run(start: Start, actors: (world: World) => readonly Actor[]): Promise<Exploration> {
  return explore(() => {
    const world = createWorld(structuredClone(start));
    return { world, actors: actors(world), check: (isOver) => checkWorld(world, isOver) };
  });
}

async function expectSafe(start: Start, actors: (world: World) => readonly Actor[]): Promise<void> {
  const found = await run(start, actors);
  expect(found.violation).toBeUndefined();
  expect(found.endings).toBeGreaterThan(1);
}

async function expectFault(
  start: Start,
  what: RegExp,
  actors: (world: World) => readonly Actor[],
): Promise<void> {
  expect((await run(start, actors)).violation?.what).toMatch(what);
}

const LOSS = /lost its blob|without its blob/;

describe("packs against publishing and deleting, in every order", { timeout: NO_HURRY_MS }, () => {
  it("loses nothing when a sweep drops a packed blob that two publishers take up", async () => {
    await expectSafe({ ...packed, names: { m: false, n: false } }, (world) => [
      publisher(world, "m"),
      publisher(world, "n"),
      sweeper(world, "sweep", { drops: true }),
    ]);
  });

  it("loses nothing when a blob is packed while one sweep takes it loose, another from the pack", async () => {
    await expectSafe(loose, (world) => [
      publisher(world, "m"),
      packer(world, "packer"),
      sweeper(world, "sweep 1"),
      sweeper(world, "sweep 2", { drops: true }),
    ]);
  });

  it("loses nothing when a pack is rewritten while its loose copy goes and a name comes", async () => {
    await expectSafe(both, (world) => [
      publisher(world, "m"),
      packer(world, "packer", { isPacked: true }),
      repacker(world, "repacker"),
    ]);
  });

  it("loses nothing of a promised name when its pack is rewritten, swept and unpacked", async () => {
    await expectSafe({ ...packed, ...promised }, (world) => [
      repacker(world, "repacker"),
      unpacker(world, "unpacker"),
      sweeper(world, "sweep", { drops: true }),
    ]);
  });

  it("never lets a reader miss a blob that moves into a pack, or from one to another", async () => {
    await expectSafe({ ...loose, ...promised }, (world) => [
      reader(world, "a"),
      packer(world, "packer"),
      repacker(world, "repacker"),
    ]);
  });

  it("never lets a reader miss a blob that a sweep has moved aside, loose or packed", async () => {
    await expectSafe({ ...both, ...promised }, (world) => [
      reader(world, "a"),
      sweeper(world, "sweep 1"),
      sweeper(world, "sweep 2", { drops: true }),
    ]);
  });
});

describe("each of these steps is needed", { timeout: NO_HURRY_MS }, () => {
  it("catches a repack that drops an entry because a loose copy exists", async () => {
    await expectFault({ ...both, ...promised }, LOSS, (world) => [
      repacker(world, "repacker", { trustsLoose: true }),
      packer(world, "packer", { isPacked: true }),
    ]);
  });

  it("catches a reader that asks packs and then loose files, once", async () => {
    await expectFault({ ...loose, ...promised }, /missed its blob/, (world) => [
      reader(world, "a", { asksOnce: true }),
      packer(world, "packer"),
    ]);
  });

  it("catches a packer that does not look for the pack before the loose copy goes", async () => {
    await expectFault({ ...loose, names: { a: true }, promised: {} }, LOSS, (world) => [
      packer(world, "packer", { withoutLook: true }),
      sweeper(world, "sweep", { drops: true, mutant: "no second look" }),
    ]);
  });

  it("catches a sweep that drops from a pack without a second look", async () => {
    await expectFault({ ...packed, ...promised }, LOSS, (world) => [
      sweeper(world, "sweep", { drops: true, mutant: "no second look" }),
    ]);
  });

  it("catches a publisher that does not look again while a sweep drops from a pack", async () => {
    await expectFault(packed, LOSS, (world) => [
      publisher(world, "m", { withoutP4: true }),
      sweeper(world, "sweep", { drops: true }),
    ]);
  });
});
