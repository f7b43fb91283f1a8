/** Random tests repeat themselves unless asked for another run with `STORE_TEST_SEED`. */
export const seed: number = Number(process.env["STORE_TEST_SEED"] ?? 20_250_101);
