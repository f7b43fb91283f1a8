// Real sweeps over real names and packs, in every order of the steps of those who are at work.
// Nobody has a lock: safety must not rest on one.

import { explore, type ExploreOptions } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import { describe, expect, it, vi } from "vitest";

import {
  addBoth,
  addLoose,
  addPack,
  addTrashed,
  collector,
  packer,
  pinner,
  publisher,
  reader,
  repacker,
  sweeper,
  unpacker,
} from "./actors.ts";
import { createScenario, explainViolation, type ScenarioParts } from "./scenario.ts";

vi.mock(import("@store/layout"), async (original) => ({
  ...(await original()),
  withNameLock: (_layout, _name, body) => body(new AbortController().signal),
}));

const MINUTE_MS = 60_000;

interface Case extends ScenarioParts {
  readonly title: string;
  /** What the default run searches; nothing, where the long suite alone has the time. */
  readonly usual?: ExploreOptions;
  /** One search after the other. */
  readonly full: readonly ExploreOptions[];
}

const cases: readonly Case[] = [
  {
    title: "a publisher and a sweep, either of which may end at any step",
    actors: [publisher("p"), sweeper("s")],
    before: addLoose,
    usual: { preemptions: 1, crashes: 1 },
    full: [{ crashes: 2 }],
  },
  {
    title: "a publisher that takes up what is there without a lease, and a sweep",
    actors: [publisher("p", { leased: false, takesUp: true }), sweeper("s")],
    before: addLoose,
    usual: { preemptions: 2 },
    full: [{}],
  },
  {
    title: "a publisher and a sweep from its first look to its last",
    actors: [publisher("p"), collector("s")],
    before: addLoose,
    usual: { preemptions: 1 },
    full: [{ preemptions: 2, crashes: 1 }],
  },
  {
    title: "two publishers and a sweep",
    actors: [publisher("p"), publisher("q", { leased: false }), sweeper("s")],
    before: addLoose,
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a publisher and two sweeps",
    actors: [publisher("p"), sweeper("s"), sweeper("t")],
    before: addLoose,
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a publisher and two sweeps that find what a third one left",
    actors: [
      publisher("p", { leased: false, takesUp: true }),
      sweeper("s", { recovers: true }),
      sweeper("t", { recovers: true }),
    ],
    before: addTrashed,
    usual: { preemptions: 1 },
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a name that moves while a sweep walks over the names",
    actors: [publisher("z", { leased: false, takesUp: true, thenRemoves: "keeper" }), sweeper("s")],
    before: addLoose,
    promised: ["keeper"],
    usual: { preemptions: 2 },
    full: [{ crashes: 1 }],
  },
  {
    title: "one that pins and a sweep, either of which may end at any step",
    actors: [pinner("i"), sweeper("s")],
    before: addLoose,
    usual: { preemptions: 1, crashes: 1 },
    full: [{ crashes: 1 }],
  },
  {
    title: "a publisher and a sweep that drops the blob from its pack",
    actors: [publisher("p", { leased: false, takesUp: true }), sweeper("s", { drops: true })],
    before: addPack,
    usual: { preemptions: 1 },
    full: [{ preemptions: 3 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a publisher, one that packs, and a sweep",
    actors: [publisher("p", { leased: false }), packer("k"), sweeper("s", { drops: true })],
    before: addLoose,
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a publisher, one that packs, and one that rewrites packs",
    actors: [publisher("p", { leased: false }), packer("k"), repacker("r")],
    before: addBoth,
    usual: { preemptions: 1 },
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a promised blob being unpacked, rewritten and swept",
    actors: [unpacker("u"), repacker("r"), sweeper("s", { drops: true })],
    before: addPack,
    promised: ["keeper"],
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a promised blob being packed and unpacked",
    actors: [packer("k"), unpacker("u")],
    before: addBoth,
    promised: ["keeper"],
    usual: { preemptions: 1 },
    full: [{ preemptions: 3 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a reader of a blob that moves into a pack",
    actors: [reader("r"), packer("k")],
    before: addLoose,
    promised: ["keeper"],
    usual: { preemptions: 1 },
    full: [{ preemptions: 3 }, { preemptions: 1, crashes: 1 }],
  },
  {
    title: "a reader of a blob that moves from pack to pack while sweeps look at it",
    actors: [reader("r"), repacker("k"), sweeper("s", { drops: true })],
    before: addBoth,
    promised: ["keeper"],
    full: [{ preemptions: 2 }, { preemptions: 1, crashes: 1 }],
  },
];

describe("every order of the steps of", () => {
  for (const { title, usual, full, ...parts } of cases) {
    const searches = FULL ? full : usual === undefined ? [] : [usual];
    const skipped = searches.length === 0 ? " (skipped: the long suite has it)" : "";
    it.skipIf(searches.length === 0)(
      `${title}: nothing promised is lost, nothing wrong is seen${skipped}`,
      async () => {
        for (const bounds of searches) {
          const { runs, states, violation } = await explore(createScenario(parts), bounds);
          if (violation !== undefined) expect.fail(explainViolation(violation));
          report(`${title} ${JSON.stringify(bounds)}: ${runs} runs, ${states} states`);
          // Fewer would mean that they never met.
          expect(runs).toBeGreaterThan(parts.actors.length);
        }
      },
      FULL ? 60 * MINUTE_MS : 3 * MINUTE_MS,
    );
  }
});

const mutants: readonly (ScenarioParts & { title: string; bounds: ExploreOptions })[] = [
  {
    title: "a sweep without a second look",
    actors: [publisher("p"), sweeper("s", { mutant: "no second look" })],
    before: addLoose,
    bounds: { preemptions: 1 },
  },
  {
    title: "a sweep that drops from a pack without a second look",
    actors: [publisher("p"), sweeper("s", { drops: true, mutant: "no second look" })],
    before: addPack,
    bounds: { preemptions: 1 },
  },
  {
    title: "a sweep that looks before it moves the blob aside",
    actors: [
      publisher("p", { leased: false, takesUp: true }),
      sweeper("s", { mutant: "looks before it moves" }),
    ],
    before: addLoose,
    bounds: { preemptions: 1 },
  },
  {
    title: "a sweep that reads the names before the leases",
    actors: [publisher("p"), sweeper("s", { mutant: "names before leases" })],
    before: addLoose,
    bounds: { preemptions: 2, crashes: 1 },
  },
  {
    title: "a publisher that does not look again",
    actors: [publisher("p", { leased: false, takesUp: true, mutant: "no P4" }), sweeper("s")],
    before: addLoose,
    bounds: { preemptions: 2 },
  },
  {
    title: "a publisher that does not look again at what lies in a pack",
    actors: [
      publisher("p", { leased: false, takesUp: true, mutant: "no P4" }),
      sweeper("s", { drops: true }),
    ],
    before: addPack,
    bounds: { preemptions: 2 },
  },
  {
    title: "one that pins and does not look again",
    actors: [pinner("i", { mutant: "no P4" }), sweeper("s")],
    before: addLoose,
    bounds: { preemptions: 1 },
  },
  {
    title: "a reader that asks packs and then loose files, once",
    actors: [reader("r", { asksOnce: true }), packer("k")],
    before: addLoose,
    promised: ["keeper"],
    bounds: { preemptions: 1 },
  },
  {
    title: "a rewrite that drops an entry because there is a loose file",
    actors: [repacker("r", { trustsLoose: true }), packer("k")],
    before: addBoth,
    promised: ["keeper"],
    bounds: { preemptions: 1 },
  },
];

describe("some order of the steps catches", () => {
  it.each(mutants)(
    "$title",
    async ({ bounds, ...parts }) => {
      const { violation } = await explore(createScenario(parts), bounds);
      expect(violation).toBeDefined();
    },
    3 * MINUTE_MS,
  );
});
