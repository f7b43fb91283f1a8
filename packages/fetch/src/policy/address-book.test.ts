import { createServer, type AddressInfo, connect } from "node:net";

import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { createAddressBook, type AddressBook } from "./address-book.ts";
import { guardHop } from "./hop-guard.ts";

const addresses: Readonly<Record<string, readonly string[]>> = {
  "hub.example": ["93.184.216.34"],
  "cdn.example": ["93.184.216.35", "2606:4700::1111"],
  "rebound.example": ["93.184.216.36", "127.0.0.1"],
  "models.corp": ["10.0.0.5"],
  "storage.corp": ["10.0.0.6"],
};

function open(
  resolver = async (name: string): Promise<readonly string[]> => addresses[name] ?? [],
  elapsedMs = () => 0,
): AddressBook {
  return createAddressBook(resolver, { elapsedMs });
}

async function outcome(to: string, from: string, book = open()): Promise<string> {
  try {
    return await guardHop(new URL(to), new URL(from), book);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_POLICY_REFUSED")) throw error;
    return String(error.detail["rule"]);
  }
}

function lookUp(book: AddressBook, host: string, reach: "any" | "public"): Promise<unknown> {
  return new Promise((resolve, reject) => {
    book.lookup(reach)(host, { all: true }, (error, found) => {
      if (error === null) resolve(found);
      else reject(error);
    });
  });
}

describe("a redirect", () => {
  it.each([
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0/",
    "http://127.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://x.localhost./",
    "http://169.254.169.254/latest/meta-data",
    "http://169.254.169.254./latest/meta-data",
    "http://rebound.example/",
    "http://models.corp/",
  ])("from the internet to %s is refused", async (to) => {
    expect(await outcome(to, "https://hub.example/m")).toBe("private-address");
    expect(await outcome(to, "https://rebound.example/m")).toBe("private-address");
  });

  it("within the internet is followed, to public addresses alone", async () => {
    expect(await outcome("https://cdn.example/x", "https://hub.example/m")).toBe("public");
    expect(await outcome("https://hub.example/y", "https://hub.example/m")).toBe("public");
    expect(await outcome("https://unknown.example/x", "https://hub.example/m")).toBe("public");
  });

  it("from a private place may lead anywhere", async () => {
    expect(await outcome("https://storage.corp/x", "https://models.corp/m")).toBe("any");
    expect(await outcome("https://hub.example/x", "https://models.corp/m")).toBe("any");
    expect(await outcome("http://127.0.0.1:2/x", "http://127.0.0.1:1/m")).toBe("any");
  });
});

describe("a name server that changes its answers", () => {
  it("makes no private place of a host that was met in the internet", async () => {
    let nowMs = 0;
    let address = "93.184.216.34";
    const book = open(
      async () => [address],
      () => nowMs,
    );
    // The connection of the first request.
    await lookUp(book, "evil.example", "any");
    address = "10.0.0.1";
    nowMs = 60_001;
    const hop = ["http://evil.example/router", "http://evil.example/m"] as const;
    expect(await outcome(...hop, book)).toBe("private-address");
    expect(await outcome("http://192.168.0.1/", "http://evil.example/m", book)).toBe(
      "private-address",
    );
  });

  it("leads no connection to an address that was not checked", async () => {
    let nowMs = 0;
    let address = "93.184.216.34";
    const book = open(
      async () => [address],
      () => nowMs,
    );
    expect(await outcome("https://cdn.example/x", "https://93.184.216.34/m", book)).toBe("public");
    address = "127.0.0.1";
    // Within a minute the connection gets what was checked, later what is checked now.
    expect(await lookUp(book, "cdn.example", "public")).toEqual([
      { address: "93.184.216.34", family: 4 },
    ]);
    nowMs = 60_001;
    await expect(lookUp(book, "cdn.example", "public")).rejects.toMatchObject({
      code: "ERR_STORE_POLICY_REFUSED",
    });
    expect(await lookUp(book, "cdn.example", "any")).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });

  it("is asked once for many requests, and again after a failure", async () => {
    let lookups = 0;
    const book = open(async () => {
      lookups += 1;
      return lookups === 1 ? [] : ["93.184.216.34"];
    });
    await expect(lookUp(book, "slow.example", "any")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await Promise.all([1, 2, 3].map(() => lookUp(book, "slow.example", "any")));
    expect(lookups).toBe(2);
  });
});

it("a connection is made to the second address where nobody is at the first", async () => {
  const server = createServer((socket) => socket.end("here"));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const book = open(async () => ["::1", "127.0.0.1"]);
  const socket = connect({ host: "two.example", port, lookup: book.lookup("any") });
  const words: string[] = [];
  for await (const chunk of socket) words.push(String(chunk));
  expect(words.join("")).toBe("here");
  server.close();
});
