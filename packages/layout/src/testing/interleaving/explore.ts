import { areIndependent } from "./access.ts";
import { forgetNumbers } from "./canonical-names.ts";
import { createRun, prepareDisk, type Run, type RunOptions } from "./run.ts";

/** What to do next: let a process take its step, or end it before that step. */
export interface Choice {
  readonly kind: "step" | "crash";
  readonly process: number;
}

export interface ExploreOptions {
  /** How many processes may end before their time, in one run. */
  readonly crashes?: number;
  /**
   * How often a process that could go on is interrupted, in one run. Without a bound every order is
   * explored.
   */
  readonly preemptions?: number;
  /** Leaves the reductions out: to show that they lose nothing. */
  readonly plainly?: boolean;
}

export interface Exploration {
  /** Runs carried out; orders that cannot differ count as one. */
  readonly runs: number;
  /** Different states met. */
  readonly states: number;
  /** Different states that a run ended in. */
  readonly ends: ReadonlySet<string>;
  /** The first run that broke a rule, if one did; the search ends there. */
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly message: string;
  readonly trace: readonly string[];
}

interface Frame {
  readonly chosen: Choice;
  readonly todo: Choice[];
  /** Choices made at this state before, and what was asleep here. */
  readonly asleep: number;
}

/** One bit per choice, so that a set of choices is a number. */
const bitOf = ({ kind, process }: Choice): number =>
  1 << (process * 2 + (kind === "crash" ? 1 : 0));

/**
 * Carries out a scenario in every order its steps can have.
 *
 * A depth-first search that begins each run anew and repeats the choices of the last one up to where
 * they part. Three reductions lose nothing: a step nobody else can notice is taken at once; of two
 * neighbouring steps that touch different things only one order is tried (sleep sets, Godefroid
 * 1996); a state met before, with every process having been told the same, is not explored again.
 */
export async function explore(
  scenario: RunOptions,
  options: ExploreOptions = {},
): Promise<Exploration> {
  forgetNumbers();
  const visited = new Map<string, number>();
  const ends = new Set<string>();
  const path: Frame[] = [];
  const disk = await prepareDisk(scenario);
  let runs = 0;

  do {
    runs += 1;
    const run = createRun(scenario, disk);
    const message = await follow(run, path, { visited, ends }, options);
    if (message !== undefined) {
      const violation = { message, trace: run.trace };
      return { runs, states: visited.size, ends, violation };
    }
  } while (backtrack(path));
  return { runs, states: visited.size, ends, violation: undefined };
}

/** Repeats the path, then goes on with the first choice at every new state. */
async function follow(
  run: Run,
  path: Frame[],
  { visited, ends }: { readonly visited: Map<string, number>; readonly ends: Set<string> },
  options: ExploreOptions,
): Promise<string | undefined> {
  try {
    let asleep = 0;
    await run.begin();
    for (let depth = 0; ; depth += 1) {
      const broken = run.check();
      if (broken !== undefined) return broken;
      const choices = choicesOf(run, options);
      if (choices.length === 0) {
        ends.add(run.key());
        return await run.finish();
      }
      const known = path[depth];
      if (known === undefined) {
        const todo =
          options.plainly === true ? choices : unexplored(run, choices, asleep, visited, options);
        const [chosen, ...rest] = todo;
        if (chosen === undefined) return undefined;
        path.push({ chosen, todo: rest, asleep });
      }
      const frame = path[depth];
      if (frame === undefined) throw new Error("the path has no such frame");
      const reduces = options.preemptions === undefined && options.plainly !== true;
      asleep = reduces ? stillAsleep(run, frame.chosen, frame.asleep) : 0;
      await run.take(frame.chosen);
    }
  } finally {
    await run.abandon();
  }
}

function choicesOf(run: Run, options: ExploreOptions): Choice[] {
  const choices: Choice[] = [];
  const { crashes = 0, preemptions } = options;
  const waiting = run.waiting();
  const current = waiting.find((process) => process === run.last);
  const stay = preemptions !== undefined && current !== undefined && run.preemptions >= preemptions;
  for (const process of waiting) {
    if (!stay || process === current) choices.push({ kind: "step", process });
  }
  if (run.crashes < crashes) {
    // To end before a step that changes nothing is to end before the next one that does.
    for (const process of waiting)
      if (run.mayCrash(process)) choices.push({ kind: "crash", process });
  }
  // The process that is at work goes first: the path begins with few changes of turn.
  return choices.toSorted(
    (a, b) => Number(b.process === run.last) - Number(a.process === run.last),
  );
}

/** The choices that this state has not seen yet, or saw only while they were asleep. */
function unexplored(
  run: Run,
  choices: readonly Choice[],
  asleep: number,
  visited: Map<string, number>,
  options: ExploreOptions,
): Choice[] {
  const bounded =
    options.preemptions === undefined ? "" : ` after ${run.last}, ${run.preemptions} interruptions`;
  const key = run.key() + bounded;
  const before = visited.get(key);
  if (before === undefined) {
    visited.set(key, asleep);
    return choices.filter((choice) => (asleep & bitOf(choice)) === 0);
  }
  const woken = before & ~asleep;
  visited.set(key, before & asleep);
  return choices.filter((choice) => (woken & bitOf(choice)) !== 0);
}

/** What stays asleep over a step: whatever that step has nothing to do with. */
function stillAsleep(run: Run, chosen: Choice, asleep: number): number {
  if (asleep === 0) return 0;
  const access = run.access(chosen);
  let still = 0;
  for (const process of run.waiting()) {
    if (process === chosen.process) continue;
    for (const kind of ["step", "crash"] as const) {
      const other = { kind, process };
      if ((asleep & bitOf(other)) === 0) continue;
      if (areIndependent(access, run.access(other))) still |= bitOf(other);
    }
  }
  return still;
}

/** Moves on to the next choice that was not made; `false` when there is none. */
function backtrack(path: Frame[]): boolean {
  for (;;) {
    const frame = path.pop();
    if (frame === undefined) return false;
    const [chosen, ...todo] = frame.todo;
    if (chosen === undefined) continue;
    path.push({ chosen, todo, asleep: frame.asleep | bitOf(frame.chosen) });
    return true;
  }
}
