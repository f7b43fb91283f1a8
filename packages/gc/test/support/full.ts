/** Whether the long suites run whole: `pnpm crash` sets it. By default they take a seeded sample. */
export const FULL: boolean = process.env["STORE_TEST_FULL"] !== undefined;
