import { defineTests, TESTS } from "@store/testing/vitest-config";

export default defineTests({
  // Every project says what it includes: a list said once for all would be added to each.
  projects: [
    {
      extends: true,
      test: { name: "sockets", include: [...TESTS] },
    },
    {
      extends: true,
      test: {
        name: "fetch",
        include: ["test/{broken-bodies,network,ranges,resume}.test.ts"],
        env: { STORE_TEST_READER: "fetch" },
      },
    },
  ],
});
