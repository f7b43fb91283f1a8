// Publishing (P1–P4) against deleting (D1–D4) in every order of their steps, without any lock. The
// sweepers run the real `applyGc`. Each mutant leaves out one step of the argument, and must be
// caught: otherwise the search would prove nothing.

import { FULL } from "@store/testing";
import { describe, expect, it } from "vitest";

import { publisher, sweeper } from "./model/actors.ts";
import { type Actor, type Exploration, explore } from "./model/explore.ts";
import { checkWorld, createWorld, type World } from "./model/world.ts";

/** A search takes as long as it takes: the number of states is fixed, the machine is not. */
const NO_HURRY_MS = 300_000;

type Start = Parameters<typeof createWorld>[0];

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

describe("publishing against deleting, in every order", { timeout: NO_HURRY_MS }, () => {
  it("loses nothing with two publishers and a sweeper, without leases", async () => {
    await expectSafe({ names: { m: false, n: false } }, (world) => [
      publisher(world, "m"),
      publisher(world, "n", { backwards: true }),
      sweeper(world, "sweep"),
    ]);
  });

  const two = "loses nothing with two publishers and two sweepers, without leases";
  it.skipIf(!FULL)(`${two}${FULL ? "" : " (skipped: the long suite has it)"}`, async () => {
    await expectSafe({ names: { m: false, n: false } }, (world) => [
      publisher(world, "m"),
      publisher(world, "n", { backwards: true }),
      sweeper(world, "sweep 1"),
      sweeper(world, "sweep 2", { backwards: true, startsAfter: 2 }),
    ]);
  });

  it("loses nothing when a name moves while two sweepers walk over the names", async () => {
    await expectSafe({ names: { a: true, z: false }, promised: { a: true } }, (world) => [
      publisher(world, "z", { thenRemove: "a" }),
      sweeper(world, "sweep 1"),
      sweeper(world, "sweep 2", { backwards: true }),
    ]);
  });

  it("loses nothing when a sweeper finds what a crashed one left, and others publish and sweep", async () => {
    await expectSafe({ data: false, trash: { crashed: true }, names: { m: false } }, (world) => [
      publisher(world, "m"),
      sweeper(world, "sweep 1", { recovers: true }),
      sweeper(world, "sweep 2"),
    ]);
  });

  it("loses nothing when two sweepers recover the same trash", async () => {
    await expectSafe({ data: false, trash: { crashed: true }, names: { m: false } }, (world) => [
      publisher(world, "m"),
      sweeper(world, "sweep 1", { recovers: true }),
      sweeper(world, "sweep 2", { recovers: true, startsAfter: 1 }),
    ]);
  });

  it("leaves no dangling name when a publisher with a lease dies between P3 and P4", async () => {
    await expectSafe({ names: { m: false } }, (world) => [
      publisher(world, "m", { lease: true, dies: true }),
      sweeper(world, "sweep 1", { readsLeases: true }),
      sweeper(world, "sweep 2", { readsLeases: true }),
    ]);
  });

  it("loses nothing with two publishers that hold leases", async () => {
    await expectSafe({ names: { m: false, n: false } }, (world) => [
      publisher(world, "m", { lease: true }),
      publisher(world, "n", { lease: true }),
      sweeper(world, "sweep 1", { readsLeases: true }),
    ]);
  });
});

describe("each step of the argument is needed", { timeout: NO_HURRY_MS }, () => {
  const fresh: Start = { names: { m: false } };

  async function expectLoss(
    start: Start,
    actors: (world: World) => readonly Actor[],
  ): Promise<void> {
    const { violation } = await run(start, actors);
    expect(violation?.what).toMatch(/lost its blob|without its blob/);
  }

  it("catches a sweeper that does not look again", async () => {
    await expectLoss({ names: { a: true }, promised: { a: true } }, (world) => [
      sweeper(world, "sweep", { mutant: "no second look" }),
    ]);
  });

  it("catches a sweeper that looks before it moves the blob aside", async () => {
    await expectLoss(fresh, (world) => [
      publisher(world, "m"),
      sweeper(world, "sweep", { mutant: "looks before it moves" }),
    ]);
  });

  it("catches a publisher that does not look again", async () => {
    await expectLoss(fresh, (world) => [
      publisher(world, "m", { withoutP4: true }),
      sweeper(world, "sweep"),
    ]);
  });

  it("catches a sweeper that reads names before leases, once a publisher dies", async () => {
    await expectLoss(fresh, (world) => [
      publisher(world, "m", { lease: true, dies: true }),
      sweeper(world, "sweep", { readsLeases: true, mutant: "names before leases" }),
    ]);
  });

  it("needs no order of leases and names as long as publishers live to look again", async () => {
    await expectSafe(fresh, (world) => [
      publisher(world, "m", { lease: true }),
      sweeper(world, "sweep", { readsLeases: true, mutant: "names before leases" }),
    ]);
  });
});
