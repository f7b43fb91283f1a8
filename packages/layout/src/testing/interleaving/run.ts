import { type Layout, openLayout } from "../../root/layout.ts";

import type { Access } from "./access.ts";
import type { Choice } from "./explore.ts";
import type { ModelDisk } from "./model-disk.ts";
import { createWorld, type SimulatedProcess, type Step, type World } from "./world.ts";

/** What one process does. Its outcome is kept, thrown or not. */
export interface Actor {
  readonly name: string;
  /** Whether it may end before its time. */
  readonly mayCrash?: boolean;
  act(context: ActorContext): Promise<void>;
}

export interface ActorContext {
  readonly layout: Layout;
  /** Tells the run what was promised, at the very moment it is. */
  readonly promise: (what: string) => void;
  /** Sets the wall clock of this process; it stands still otherwise. */
  readonly setClock: (nowMs: number) => void;
}

/** A look at the world between two steps. */
export interface Observer {
  readonly world: World;
  /** What actors promised so far. */
  readonly promises: ReadonlySet<string>;
  /** How each actor ended; absent while it is at work. */
  readonly outcomes: ReadonlyMap<string, Error | undefined>;
  readonly crashed: ReadonlySet<string>;
  /** Opens the disk as a new program does, outside of the scenario. */
  open(): Promise<Layout>;
}

export interface RunOptions {
  readonly root: string;
  readonly sharedPartials?: boolean;
  prepare(layout: Layout): Promise<void>;
  readonly actors: readonly Actor[];
  /** What is wrong with a state, if anything is. */
  check?(observer: Observer): string | undefined;
  /** What is wrong with the end, when nobody is at work any more. */
  finish(observer: Observer): Promise<string | undefined>;
}

export interface Run {
  readonly trace: readonly string[];
  readonly crashes: number;
  readonly preemptions: number;
  /** Who took the last step. */
  readonly last: number;
  begin(): Promise<void>;
  /** Processes that could take a step. */
  waiting(): readonly number[];
  mayCrash(process: number): boolean;
  take(choice: Choice): Promise<void>;
  access(choice: Choice): Access;
  key(): string;
  check(): string | undefined;
  finish(): Promise<string | undefined>;
  /** Ends everybody and waits until nothing of the run is left. */
  abandon(): Promise<void>;
}

interface Live {
  readonly actor: Actor;
  readonly process: SimulatedProcess;
  pending: { readonly step: Step; readonly go: () => void } | undefined;
  ended: boolean;
  crashed: boolean;
  /** Wakes whoever waits for the process to stop at a step or to end. */
  wake: () => void;
  whole: Promise<void>;
}

/** The disk every run of a scenario begins with. */
export async function prepareDisk(options: RunOptions): Promise<ModelDisk> {
  const world = createWorld({
    gate: async () => {},
    passing: () => {},
    sharedPartials: options.sharedPartials === true,
  });
  const { fs, processes } = world.start(PREPARER, "prepare");
  await options.prepare(await openLayout(options.root, { fs, processes, now: () => START_MS }));
  return world.disk;
}

/** Who made what is there before the first step. */
const PREPARER = 99;
const OBSERVER = 98;
/** What every clock shows at first. */
export const START_MS = 1_700_000_000_000;

export function createRun(options: RunOptions, disk: ModelDisk): Run {
  let gated = false;
  const world = createWorld({
    disk,
    gate,
    passing: (index, text) => void (gated && trace.push(`${nameOf(index)}: ${text}`)),
    sharedPartials: options.sharedPartials === true,
  });
  const lives: Live[] = [];
  const trace: string[] = [];
  const promises = new Set<string>();
  const outcomes = new Map<string, Error | undefined>();
  const crashed = new Set<string>();
  const clocks = new Map<number, number>();
  let crashes = 0;
  let preemptions = 0;
  let last = -1;

  async function gate(index: number, step: Step): Promise<void> {
    const life = lives[index];
    if (!gated || life === undefined) return;
    await new Promise<void>((go) => {
      life.pending = { step, go };
      life.wake();
    });
  }

  async function openFor(index: number, name: string): Promise<Layout> {
    const { fs, processes } = world.start(index, name);
    return openLayout(options.root, { fs, processes, now: () => clocks.get(index) ?? START_MS });
  }
  const nameOf = (index: number): string => options.actors[index]?.name ?? "observer";

  const observer: Observer = {
    world,
    promises,
    outcomes,
    crashed,
    open: () => openFor(OBSERVER, "observer"),
  };

  async function start(index: number, actor: Actor, layout: Layout): Promise<void> {
    const life: Live = {
      actor,
      process: world.start(index, actor.name),
      pending: undefined,
      ended: false,
      crashed: false,
      wake: () => {},
      whole: Promise.resolve(),
    };
    lives[index] = life;
    const stopped = new Promise<void>((resolve) => (life.wake = resolve));
    const promise = (what: string): void => void (life.crashed || promises.add(what));
    life.whole = actor
      .act({ layout, promise, setClock: (nowMs) => void clocks.set(index, nowMs) })
      .then(
        () => settle(life, undefined),
        (error: unknown) => settle(life, error as Error),
      );
    await stopped;
  }

  function settle(life: Live, error: Error | undefined): void {
    life.ended = true;
    if (!life.crashed) outcomes.set(life.actor.name, error);
    life.wake();
  }

  /** Lets a process take the step it waits at, and waits until it stops at the next one or ends. */
  async function advance(life: Live): Promise<void> {
    const { pending } = life;
    if (pending === undefined) throw new Error(`${life.actor.name} does not wait`);
    const stopped = new Promise<void>((resolve) => (life.wake = resolve));
    life.pending = undefined;
    trace.push(`${life.actor.name}: ${pending.step.text}`);
    pending.go();
    await stopped;
  }

  function isAtWork(index: number): boolean {
    const life = lives[index];
    return life?.pending !== undefined && !life.crashed;
  }
  function at(index: number): Live {
    const life = lives[index];
    if (life === undefined) throw new Error(`no process ${index}`);
    return life;
  }

  return {
    trace,
    get crashes() {
      return crashes;
    },
    get preemptions() {
      return preemptions;
    },
    get last() {
      return last;
    },
    async begin() {
      const layouts: Layout[] = [];
      for (const [index, actor] of options.actors.entries())
        layouts.push(await openFor(index, actor.name));
      gated = true;
      for (const [index, actor] of options.actors.entries()) {
        const layout = layouts[index];
        if (layout !== undefined) await start(index, actor, layout);
      }
    },
    waiting: () => lives.flatMap(({ pending, crashed: gone }, i) => (pending && !gone ? [i] : [])),
    mayCrash: (index) => {
      const { actor, pending } = at(index);
      return actor.mayCrash === true && pending?.step.writes === true;
    },
    async take(choice) {
      const life = at(choice.process);
      if (choice.kind === "crash") {
        crashes += 1;
        life.crashed = true;
        crashed.add(life.actor.name);
        trace.push(`${life.actor.name} ends`);
        world.end(choice.process);
        life.pending?.go();
        await life.whole;
        return;
      }
      if (last !== choice.process && isAtWork(last)) preemptions += 1;
      last = choice.process;
      await advance(life);
    },
    access(choice) {
      if (choice.kind === "crash")
        return { reads: new Set(), writes: new Set([`process:${choice.process}`]) };
      return at(choice.process).pending?.step.access() ?? { reads: new Set(), writes: new Set() };
    },
    key() {
      const told = lives.map(({ crashed: gone }, i) => `${world.history(i)}${gone ? "x" : ""}`);
      return `${told.join()} ${world.describe()}`;
    },
    check: () => options.check?.(observer),
    async finish() {
      gated = false;
      return options.finish(observer);
    },
    async abandon() {
      for (const [index, life] of lives.entries()) {
        life.crashed = true;
        world.end(index);
      }
      for (const life of lives) life.pending?.go();
      await Promise.all(lives.map(({ whole }) => whole));
    },
  };
}
