// Source files sorted into what ships, what tests, and what helps others to test.

/** `production` ships and runs; `testing` ships for the tests of others; `test` does not ship. */
export type SourceRole = "production" | "testing" | "test";

const MODULE = /\.[cm]?[jt]sx?$/;
const TEST = /\.(?:test|spec|bench)\.[cm]?[jt]sx?$|\/(?:test|tests|crash)\//;

/** The role of a module of a project or of the scripts, by its path; `undefined` if it is none. */
export function sourceRole(path: string): SourceRole | undefined {
  if (!MODULE.test(path)) return undefined;
  if (TEST.test(path)) return "test";
  return path.includes("/src/testing/") ? "testing" : "production";
}
