import { defineTests, TESTS } from "@store/testing/vitest-config";

/** The tests of the network, over another way to read than the usual one. */
const readBy = (reader: "fetch" | "proxy", ...more: readonly string[]): object => ({
  extends: true,
  test: {
    name: reader,
    include: [
      "test/{broken-bodies,changing-files,network,ranges,resume,retry-after}.test.ts",
      ...more,
    ],
    env: { STORE_TEST_READER: reader },
  },
});

export default defineTests({
  // Every project says what it includes: a list said once for all would be added to each.
  projects: [
    {
      extends: true,
      test: { name: "sockets", include: [...TESTS] },
    },
    readBy("fetch"),
    readBy("proxy", "test/fault-table.test.ts"),
  ],
});
