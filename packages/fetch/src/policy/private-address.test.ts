import { expect, it } from "vitest";

import { isPrivateAddress } from "./private-address.ts";

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
  "0:0:0:0:0:FFFF:127.0.0.1",
  "::127.0.0.1",
  "::ffff:0:10.0.0.1",
  "2002:7f00:1::",
  "2002:a00:1:2::3",
  "2001::1",
  "fec0::1",
  "0000:0000:0000:0000:0000:0000:0000:0001",
])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

it.each([
  "1.1.1.1",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "::ffff:1.1.1.1",
  "2002:101:101::",
  "a.b",
  "",
])("%s is not", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});
