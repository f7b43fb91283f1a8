import { describe, expect, it } from "vitest";

import { askInBursts, type Question } from "./ask-in-bursts.ts";

const items = Array.from({ length: 1000 }, (_, index) => index);

async function ask(question: Question<number, string>, signal?: AbortSignal): Promise<string[]> {
  const all: string[] = [];
  for await (const some of askInBursts(items, question, { signal })) all.push(...some);
  return all;
}

/** Waits less for later items, so that answers come out of order. */
const waiting = async (item: number): Promise<string> => {
  for (let turns = item % 7; turns > 0; turns -= 1) await Promise.resolve();
  return `waited ${item}`;
};

describe("a question about many items", () => {
  it("is answered in order without blocking where nothing can block", async () => {
    const answers = await ask({ blocking: undefined, waiting });
    expect(answers).toEqual(items.map((item) => `waited ${item}`));
  });

  it("is answered in order where some answers need waiting", async () => {
    const blocking = (item: number): string | undefined =>
      item % 300 === 299 ? undefined : `at once ${item}`;
    const answers = await ask({ blocking, waiting });
    expect(answers.map((answer) => Number(answer.split(" ").at(-1)))).toEqual(items);
    expect(answers[0]).toBe("at once 0");
    expect(answers[299]).toBe("waited 299");
  });

  it("lets others have the thread between bursts", async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const blocking = (item: number): string => {
      const end = performance.now() + 0.1;
      while (performance.now() < end);
      return String(item);
    };
    await ask({ blocking, waiting });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  it("gives up holding the thread while answers are slow", async () => {
    let held = 0;
    const blocking = (item: number): string => {
      held += 1;
      const end = performance.now() + 10;
      while (performance.now() < end);
      return String(item);
    };
    await ask({ blocking, waiting });
    expect(held).toBeLessThan(items.length / 50);
  });

  it("ends at the first error, and when it is aborted", async () => {
    const failing = (): string => {
      throw new Error("a bad disk");
    };
    await expect(ask({ blocking: failing, waiting })).rejects.toThrow("a bad disk");
    const reason = new Error("enough");
    const { signal, abort } = ((controller: AbortController) => ({
      signal: controller.signal,
      abort: () => controller.abort(reason),
    }))(new AbortController());
    const aborting = async (item: number): Promise<string> => {
      if (item === 500) abort();
      return String(item);
    };
    await expect(ask({ blocking: undefined, waiting: aborting }, signal)).rejects.toBe(reason);
  });
});
