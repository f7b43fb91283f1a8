import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createUrlPuller } from "./pull-url.ts";
import { type RawAnswer, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(50_000, 21);
/** In several pieces. */
const large = createContent(20 * 1024 * 1024, 24);

describe.each([
  [429, "ERR_STORE_RATE_LIMITED"],
  [503, "ERR_STORE_UPSTREAM_ERROR"],
] as const)("row 83: a server that asks us with %i to come back later", (status, code) => {
  const cases: readonly (readonly [string, RawAnswer["headers"], number])[] = [
    ["in seconds", { "retry-after": "7" }, 7_000],
    [
      "at a date",
      { "retry-after": "Tue, 02 Jan 2024 00:00:20 GMT", date: "Tue, 02 Jan 2024 00:00:00 GMT" },
      20_000,
    ],
    [
      "at a date in the past",
      { "retry-after": "Tue, 02 Jan 2024 00:00:00 GMT", date: "Tue, 02 Jan 2024 00:00:20 GMT" },
      375,
    ],
    ["at no time at all", { "retry-after": "soon" }, 375],
    ["in negative seconds", { "retry-after": "-5" }, 375],
    ["by the hub's own header", { ratelimit: '"resolvers";r=0;t=9' }, 9_000],
    ["by the hub's own header, with requests left", { ratelimit: '"resolvers";r=3;t=9' }, 375],
  ];
  for (const [name, headers, pauseMs] of cases) {
    it(`${name} is obeyed with a pause of ${pauseMs} ms`, async () => {
      await using server = await startRawServer((request, socket) =>
        request.index === 0
          ? sendRaw(socket, { status, headers })
          : sendFile(request, socket, bytes),
      );
      await using puller = await createUrlPuller();
      await puller.pull(`${server.origin}/model.gguf`);
      expect(puller.pauses).toEqual([pauseMs]);
    });
  }

  for (const size of [bytes.length, large.length]) {
    it(`when asked for a file of ${size} bytes is obeyed, and then gives it`, async () => {
      const file = size === large.length ? large : bytes;
      await using server = await startRawServer((request, socket) =>
        request.index === 1
          ? sendRaw(socket, { status, headers: { "retry-after": "7" } })
          : sendFile(request, socket, file),
      );
      await using puller = await createUrlPuller();
      const result = await puller.pull(`${server.origin}/model.gguf`);
      expect(result.files[0]?.digest).toBe(digestBytes(file));
      expect(puller.pauses).toEqual([7_000]);
    });
  }

  it("in an hour is told to the caller at once", async () => {
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status, headers: { "retry-after": "3600" } }),
    );
    await using puller = await createUrlPuller();
    const error = await expectStoreError(puller.pull(`${server.origin}/model.gguf`), code);
    expect(error.detail["retryAfterMs"]).toBe(3_600_000);
    expect(puller.pauses).toEqual([]);
  });
});

describe("pauses between attempts", () => {
  it("double, up to the policy's limit", async () => {
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 503 }),
    );
    const retry = { attemptsMax: 6, delayMs: 100, delayMsMax: 400 };
    await using puller = await createUrlPuller({ retry });
    await expectStoreError(puller.pull(`${server.origin}/model.gguf`), "ERR_STORE_UPSTREAM_ERROR");
    expect(puller.pauses).toEqual([75, 150, 300, 300, 300]);
  });
});
