/** `pnpm bench [NAME…]`: runs the benchmarks whose names begin with one of the given ones; all by default. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  "fetch/download": async () => (await import("./fetch/download.ts")).benchDownload(),
  "fetch/download-tls": async () => (await import("./fetch/download-tls.ts")).benchDownloadTls(),
  "fetch/latency": async () => (await import("./fetch/latency.ts")).benchLatency(),
  "fetch/memory": async () => (await import("./fetch/memory.ts")).benchPullMemory(),
  "fetch/present": async () => (await import("./fetch/present.ts")).benchPresent(),
  "fetch/repair": async () => (await import("./fetch/repair.ts")).benchRepair(),
  "fetch/small-files": async () => (await import("./fetch/small-files.ts")).benchSmallFiles(),
  "gc/plan": async () => (await import("./gc/plan.ts")).benchGcPlan(),
  "gc/snapshot": async () => (await import("./gc/snapshot.ts")).benchGcSnapshot(),
  "gc/delete": async () => (await import("./gc/delete.ts")).benchGcDelete(),
  "gc/idle": async () => (await import("./gc/idle.ts")).benchGcIdle(),
  "layout/add": async () => (await import("./layout/add.ts")).benchAdd(),
  "layout/verify": async () => (await import("./layout/verify.ts")).benchVerify(),
  "layout/list": async () => (await import("./layout/list.ts")).benchList(),
  "layout/memory": async () => (await import("./layout/memory.ts")).benchMemory(),
  "manifest/resolve": async () => (await import("./manifest/resolve.ts")).benchResolve(),
  "manifest/list": async () => (await import("./manifest/list.ts")).benchNames(),
  "manifest/decode": async () => (await import("./manifest/decode.ts")).benchDecode(),
  "pack/write": async () => (await import("./pack/write.ts")).benchPackWrite(),
  "pack/read": async () => (await import("./pack/read.ts")).benchPackRead(),
  "pack/decode": async () => (await import("./pack/decode.ts")).benchPackDecode(),
  "pack/open": async () => (await import("./pack/open.ts")).benchPackOpen(),
  "pack/size": async () => (await import("./pack/size.ts")).benchPackSize(),
};

const wanted = process.argv.slice(2);
const chosen = Object.keys(benchmarks).filter(
  (name) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)),
);
if (chosen.length === 0) {
  process.stderr.write(
    `no such benchmark; there are:\n  ${Object.keys(benchmarks).join("\n  ")}\n`,
  );
  process.exitCode = 2;
}
for (const name of chosen) {
  process.stdout.write(`\n# ${name}\n`);
  await benchmarks[name]?.();
}
