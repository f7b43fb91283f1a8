import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { isPrivateAddress } from "./private-address.ts";
import { createHopGuard } from "./hop-guard.ts";
import { checkHop } from "./private-hops.ts";

it.each([
  "127.0.0.1",
  "0.0.0.0",
  "10.1.2.3",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "255.255.255.255",
  "239.1.1.1",
  "::1",
  "::",
  "fe80::1%eth0",
  "fd00::1",
  "[fd00::1]",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::10.0.0.1",
  "64:ff9b::a9fe:a9fe",
])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

it.each(["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "a.b", ""])(
  "%s is not",
  (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  },
);

describe("a redirect", () => {
  const addresses: Readonly<Record<string, readonly string[]>> = {
    "hub.example": ["93.184.216.34"],
    "cdn.example": ["93.184.216.35", "2606:4700::1111"],
    "rebound.example": ["93.184.216.36", "127.0.0.1"],
    "models.corp": ["10.0.0.5"],
    "storage.corp": ["10.0.0.6"],
  };
  async function outcome(to: string, from: string): Promise<string> {
    try {
      const resolver = async (name: string) => addresses[name] ?? [];
      await checkHop(new URL(to), new URL(from), resolver);
      return "followed";
    } catch (error) {
      if (!isStoreError(error, "ERR_STORE_POLICY_REFUSED")) throw error;
      return String(error.detail["rule"]);
    }
  }

  it.each([
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://localhost/",
    "http://x.localhost./",
    "http://169.254.169.254/latest/meta-data",
    "http://rebound.example/",
    "http://models.corp/",
  ])("from the internet to %s is refused", async (to) => {
    expect(await outcome(to, "https://hub.example/m")).toBe("private-address");
  });

  it("that was let pass is looked up again after a minute, one that was refused at once", async () => {
    let nowMs = 0;
    let address = "93.184.216.34";
    let lookups = 0;
    const resolver = async (): Promise<readonly string[]> => {
      lookups += 1;
      return [address];
    };
    const guard = createHopGuard(resolver, { elapsedMs: () => nowMs });
    const hop = [new URL("https://cdn.example/x"), new URL("https://hub.example/m")] as const;
    await guard(...hop);
    await guard(...hop);
    expect(lookups).toBe(1);
    nowMs = 60_001;
    address = "10.0.0.1";
    const first = new URL("https://93.184.216.34/m");
    await expect(guard(hop[0], first)).rejects.toThrow("private network");
    await expect(guard(hop[0], first)).rejects.toThrow("private network");
    expect(lookups).toBe(3);
  });

  it("within the internet, or from a private place, is followed", async () => {
    expect(await outcome("https://cdn.example/x", "https://hub.example/m")).toBe("followed");
    expect(await outcome("https://unknown.example/x", "https://hub.example/m")).toBe("followed");
    expect(await outcome("https://storage.corp/x", "https://models.corp/m")).toBe("followed");
    expect(await outcome("http://127.0.0.1:2/x", "http://127.0.0.1:1/m")).toBe("followed");
  });
});
