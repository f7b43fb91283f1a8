// Runs real asynchronous code under every order of its steps.
//
// Actors share a world and touch it only through `act`, one indivisible step at a time. Each order
// is run from the start on a fresh world; two orders that lead to the same world and have shown
// every actor the same things are the same from there on, and only the first goes on.

import { createHash } from "node:crypto";

/**
 * One indivisible step: waits for its turn, then does `deed` and returns what it saw. An actor that
 * asks for several at once takes them in the order it asked.
 */
export type Act = <T>(label: string, deed: () => T) => Promise<T>;

export interface Actor {
  readonly name: string;
  run(act: Act): Promise<void>;
  /**
   * Place of an earlier actor that must start first. Halves the search where the scenario stays
   * the same when its actors change places: every order left out mirrors one that is run.
   */
  readonly startsAfter?: number | undefined;
}

export interface Scenario {
  /** Plain data, compared as JSON. */
  readonly world: unknown;
  readonly actors: readonly Actor[];
  /** What is wrong with the world now, if anything. */
  check(isOver: boolean): string | undefined;
}

export interface Exploration {
  readonly states: number;
  readonly endings: number;
  /** What went wrong first, with the steps that led there. */
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined;
}

/** More than any scenario here has; reaching it means one of them grew without end. */
const STATES_MAX = 2_000_000;

export async function explore(create: () => Scenario): Promise<Exploration> {
  const seen = new Set<string>();
  const open: (readonly number[])[] = [[]];
  let endings = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const run = await startRun(create());
    const taken: number[] = [];
    for (const choice of path) {
      await run.step(choice);
      taken.push(choice);
    }
    for (;;) {
      const isOver = run.waiting().length === 0;
      const what = run.scenario.check(isOver) ?? run.failure();
      if (what !== undefined) {
        return { states: seen.size, endings, violation: { what, steps: run.steps } };
      }
      const key = run.key();
      if (seen.has(key)) break;
      seen.add(key);
      if (seen.size > STATES_MAX) throw new Error("the scenario has too many states");
      if (isOver) {
        endings += 1;
        break;
      }
      const [first, ...others] = run.waiting();
      for (const other of others) open.push([...taken, other]);
      // There is a first: the run is not over.
      await run.step(first as number);
      taken.push(first as number);
    }
  }
  return { states: seen.size, endings, violation: undefined };
}

interface Run {
  readonly scenario: Scenario;
  readonly steps: readonly string[];
  /** Actors that can take a step. */
  waiting(): readonly number[];
  step(actor: number): Promise<void>;
  /** Equal for runs that cannot be told apart by anything that follows. */
  key(): string;
  failure(): string | undefined;
}

interface Place {
  /** Lets the actor take its next step; `undefined` when it has ended. */
  go: (() => void) | undefined;
  label: string;
  /** Steps it waits for. */
  asked: number;
  saw: string;
  failure: string | undefined;
  /** Called when the actor waits for a step again, or has ended. */
  settled: () => void;
}

async function startRun(scenario: Scenario): Promise<Run> {
  const steps: string[] = [];
  const places = scenario.actors.map((actor) => startActor(actor, steps));
  await Promise.all(places.map(({ ready }) => ready));
  const all = places.map(({ place }) => place);

  return {
    scenario,
    steps,
    waiting: () =>
      [...all.keys()].filter((index) => {
        const first = scenario.actors[index]?.startsAfter;
        const mayStart = first === undefined || all[first]?.saw !== "";
        return all[index]?.go !== undefined && mayStart;
      }),
    async step(index) {
      const place = all[index] as Place;
      await new Promise<void>((resolve) => {
        place.settled = resolve;
        place.go?.();
      });
      // Another step of the actor waits already, so it may have more to say before it rests.
      if (place.asked > 1) await new Promise((resolve) => void setImmediate(resolve));
    },
    key() {
      const local = all.map(({ saw, label, go }) => `${saw} > ${go === undefined ? "" : label}`);
      const text = JSON.stringify([scenario.world, local]);
      return createHash("sha1").update(text).digest("latin1");
    },
    failure: () => all.find(({ failure }) => failure !== undefined)?.failure,
  };
}

function startActor(actor: Actor, steps: string[]): { place: Place; ready: Promise<void> } {
  const place: Place = {
    go: undefined,
    label: "",
    asked: 0,
    saw: "",
    failure: undefined,
    settled: () => {},
  };
  const ready = new Promise<void>((resolve) => {
    place.settled = resolve;
  });
  let turn: Promise<unknown> = Promise.resolve();

  async function takeStep<T>(label: string, deed: () => T): Promise<T> {
    await new Promise<void>((resolve) => {
      place.label = label;
      place.go = resolve;
      place.settled();
    });
    place.go = undefined;
    place.asked -= 1;
    const result = deed();
    steps.push(`${actor.name}: ${label}`);
    place.saw += `${label}=${JSON.stringify(result ?? null)};`;
    return result;
  }
  const act: Act = (label, deed) => {
    place.asked += 1;
    const step = place.asked === 1 ? takeStep(label, deed) : turn.then(() => takeStep(label, deed));
    turn = step;
    return step;
  };

  actor.run(act).then(
    () => {
      place.go = undefined;
      place.settled();
    },
    (error: unknown) => {
      place.go = undefined;
      place.failure = `${actor.name} failed: ${String(error)}`;
      place.settled();
    },
  );
  return { place, ready };
}
