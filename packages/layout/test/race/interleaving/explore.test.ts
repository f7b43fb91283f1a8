import { expect, it } from "vitest";

import { type Layout, writeDocument } from "@store/layout";

import { type Actor, explore, type RunOptions } from "@store/layout/testing";

/** Two processes that meet at one name and have one of their own each. */
function createMeeting(act: (layout: Layout, own: string) => Promise<void>): RunOptions {
  const actors: Actor[] = ["a", "b"].map((name) => ({
    name,
    mayCrash: true,
    act: ({ layout }) => act(layout, `${layout.paths.manifests}/${name}`),
  }));
  return {
    root: "/models",
    prepare: (layout) => layout.makeDirectory(layout.paths.manifests),
    actors,
    finish: async () => undefined,
  };
}

const meetings = {
  "writes and reads": async (layout: Layout, own: string) => {
    const { fs, paths } = layout;
    const shared = `${paths.manifests}/shared`;
    await writeDocument(fs, own, new TextEncoder().encode(own), { replace: true });
    await writeDocument(fs, shared, new TextEncoder().encode(own), { replace: false });
    await fs.readdir(paths.manifests);
    await fs.unlink(own);
  },
  "makes and removes": async (layout: Layout, own: string) => {
    const { fs, paths } = layout;
    const shared = `${paths.manifests}/directory`;
    await fs.mkdir(shared).catch(() => {});
    await fs.mkdir(own);
    await fs.rmdir(shared).catch(() => {});
    await fs.rename(own, shared).catch(() => {});
  },
};

it.each(Object.entries(meetings))(
  "reaches every state with and without reductions: one that %s",
  async (_name, act) => {
    const scenario = createMeeting(act);
    for (const crashes of [0, 1]) {
      const plain = await explore(scenario, { plainly: true, crashes });
      const reduced = await explore(scenario, { crashes });
      expect(reduced.ends.size).toBe(plain.ends.size);
      expect(reduced.runs).toBeLessThan(plain.runs);
    }
  },
);

it("counts interruptions: without any, one process follows the other", async () => {
  const scenario = createMeeting(meetings["makes and removes"]);
  const { runs } = await explore(scenario, { preemptions: 0 });
  expect(runs).toBe(2);
});

it("reports the first run that breaks a rule, with the steps that led there", async () => {
  const scenario = createMeeting(meetings["makes and removes"]);
  const { violation } = await explore({
    ...scenario,
    check: ({ world }) =>
      world.disk.find("/models/manifests/a") !== undefined &&
      world.disk.find("/models/manifests/b") !== undefined
        ? "both are there"
        : undefined,
  });
  expect(violation?.message).toBe("both are there");
  expect(violation?.trace.at(-1)).toContain("mkdir");
});
