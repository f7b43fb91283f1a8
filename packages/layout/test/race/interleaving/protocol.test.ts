import { explore, type ExploreOptions } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import {
  addBlob,
  addNamedBlob,
  addReleasedPartial,
  addWrongForeign,
  createScenario,
  explain,
  findLostLease,
  foreigner,
  lateRenewer,
  leaseRemover,
  mover,
  publisher,
  putter,
  reader,
  type ScenarioParts,
  sweeper,
  transferrer,
  wrongBytes,
} from "./scenario.ts";
const MINUTE_MS = 60_000;

interface Case extends ScenarioParts {
  readonly title: string;
  readonly usual: ExploreOptions;
  readonly full?: ExploreOptions;
}

const cases: readonly Case[] = [
  {
    title: "a publisher and a sweeper, either of which may end at any step",
    actors: [publisher("p"), sweeper("s", { leftovers: true })],
    before: addBlob,
    usual: { crashes: 1 },
    full: { crashes: 2 },
  },
  {
    title: "a publisher of an absent blob and a sweeper",
    actors: [publisher("p"), sweeper("s", { leftovers: true })],
    usual: { crashes: 1, preemptions: 2 },
    full: { crashes: 2 },
  },
  {
    title: "a publisher without a lease and a sweeper",
    actors: [publisher("p", { leased: false }), sweeper("s", { leftovers: true })],
    before: addBlob,
    usual: {},
  },
  {
    title: "a publisher and two sweepers",
    actors: [publisher("p"), sweeper("s"), sweeper("t", { leftovers: true })],
    before: addBlob,
    usual: { preemptions: 1 },
    full: { preemptions: 3, crashes: 1 },
  },
  {
    title: "two publishers and a sweeper",
    actors: [publisher("p"), publisher("q", { leased: false }), sweeper("s", { leftovers: true })],
    before: addBlob,
    usual: { preemptions: 1 },
    full: { preemptions: 3, crashes: 1 },
  },
  {
    title: "two publishers and two sweepers",
    actors: [publisher("p"), publisher("q"), sweeper("s"), sweeper("t", { leftovers: true })],
    before: addBlob,
    usual: { preemptions: 1 },
    full: { preemptions: 2 },
  },
  {
    title: "a publisher, a sweeper and a tool that knows nothing of either",
    actors: [publisher("p"), sweeper("s", { leftovers: true }), foreigner("f")],
    before: addBlob,
    unsafeNames: ["f"],
    usual: { preemptions: 1 },
    full: { preemptions: 3, crashes: 1 },
  },
  {
    title: "a name that moves while a sweeper walks over the names",
    actors: [mover(), sweeper("s", { leftovers: true })],
    before: addNamedBlob,
    usual: {},
  },
  {
    title: "a reader of a named blob and a sweeper that restores it",
    actors: [reader("r"), sweeper("s", { leftovers: true })],
    before: addNamedBlob,
    usual: { crashes: 1 },
  },
  {
    title: "a reader of a named blob and two sweepers that restore it",
    actors: [reader("r"), sweeper("s"), sweeper("t", { leftovers: true })],
    before: addNamedBlob,
    usual: { preemptions: 1 },
    full: {},
  },
  {
    title: "two that find the wrong bytes of another tool",
    actors: [putter("p"), putter("q")],
    before: addWrongForeign,
    keepsEvidence: true,
    usual: { crashes: 1, preemptions: 1 },
    full: { crashes: 1 },
  },
  {
    title: "two transfers of one blob, the first from a source that is wrong",
    actors: [transferrer("a", { first: wrongBytes }), transferrer("b")],
    sharedPartials: true,
    usual: { preemptions: 1 },
    full: { preemptions: 2, crashes: 1 },
  },
  {
    title: "two transfers that find the same abandoned one",
    actors: [transferrer("a"), transferrer("b")],
    before: addReleasedPartial,
    sharedPartials: true,
    usual: { preemptions: 1 },
    full: { preemptions: 3, crashes: 1 },
  },
  {
    title: "a transfer and a publisher of the same blob, and a sweeper",
    actors: [
      transferrer("a", { unprotected: true }),
      publisher("p"),
      sweeper("s", { leftovers: true }),
    ],
    sharedPartials: true,
    usual: { preemptions: 1 },
    full: { preemptions: 2, crashes: 1 },
  },
  {
    title: "a lease renewed late while it is being removed",
    actors: [lateRenewer(), leaseRemover()],
    finish: findLostLease,
    usual: {},
  },
];

describe("every order of the steps of", () => {
  it.each(cases)(
    "$title: nothing promised is lost, nothing wrong is seen",
    async ({ usual, full, ...parts }) => {
      const found = await explore(createScenario(parts), FULL ? (full ?? usual) : usual);
      if (found.violation !== undefined) expect.fail(explain(found.violation));
      report(`${parts.title}: ${found.runs} runs, ${found.states} states`);
      // Fewer would mean that the processes never met.
      expect(found.runs).toBeGreaterThan(parts.actors.length);
    },
    FULL ? 60 * MINUTE_MS : 2 * MINUTE_MS,
  );
});

const mutants: readonly Case[] = [
  {
    title: "a sweep that takes no second look",
    actors: [publisher("p"), sweeper("s", { mutations: { noSecondLook: true } })],
    before: addBlob,
    usual: {},
  },
  {
    title: "a sweep that looks before it moves the blob aside",
    actors: [publisher("p"), sweeper("s", { mutations: { lookBeforeTrash: true } })],
    before: addBlob,
    usual: {},
  },
  {
    title: "a sweep that unlinks before it looks",
    actors: [publisher("p"), sweeper("s", { mutations: { destroyBeforeLook: true } })],
    before: addBlob,
    usual: {},
  },
  {
    title: "a sweep that reads the names before the leases",
    actors: [publisher("p"), sweeper("s", { mutations: { namesBeforeLeases: true } })],
    before: addBlob,
    usual: { crashes: 1 },
  },
  {
    title: "a publisher that does not look again",
    actors: [
      publisher("p", { leased: false, mutations: { noLookAfterNaming: true } }),
      sweeper("s"),
    ],
    before: addBlob,
    usual: {},
  },
  {
    title: "a transfer that takes over the file of a living owner",
    actors: [transferrer("a", { first: wrongBytes }), transferrer("b", { trustsNobody: true })],
    sharedPartials: true,
    usual: { preemptions: 2 },
  },
  {
    title: "a sweep that removes a lease without looking again",
    actors: [lateRenewer(), leaseRemover({ blindly: true })],
    finish: findLostLease,
    usual: {},
  },
];

describe("some order of the steps catches", () => {
  it.each(mutants)(
    "$title",
    async ({ usual, ...parts }) => {
      const { violation } = await explore(createScenario(parts), usual);
      expect(violation).toBeDefined();
    },
    2 * MINUTE_MS,
  );
});
