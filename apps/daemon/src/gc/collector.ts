import {
  applyGc,
  collectGarbage,
  createStorePorts,
  createViewExpirables,
  explain,
  type Explanation,
  type GcPlan,
  type GcPorts,
  type GcReport,
  openPinStore,
  pinBlobs,
  type PinInfo,
  takeSnapshot,
} from "@store/gc";
import {
  type AbortOptions,
  type BlobStore,
  type Digest,
  type Layout,
  type LeaseStore,
  openPartialDebris,
  StoreError,
  withSweepLock,
} from "@store/layout";
import { findKept, keptSubjects, type ManifestStore } from "@store/manifest";
import { openPackDebris, openSweepablePacks, type PackSet } from "@store/pack";

/** Plans that clients have seen and may have carried out; the oldest is forgotten. */
const PLANS_MAX = 4;

export interface PinRequest {
  readonly reason: string;
  /** Wall-clock milliseconds. */
  readonly untilMs: number | undefined;
}

/** What a client can ask of a sweep. */
export interface Collector {
  /** What a sweep would do now. Changes nothing. */
  plan(options: AbortOptions): Promise<GcPlan>;
  /**
   * Sweeps, one at a time. With the digest of a plan that `plan` has answered it carries out that
   * very plan, once.
   *
   * @throws StoreError `ERR_STORE_PLAN_STALE`, `ERR_STORE_SWEEP_LOCKED`, and what a sweep throws
   */
  sweep(options: AbortOptions & { readonly plan?: string | undefined }): Promise<GcReport>;
  /** What keeps a blob, or each blob of a name; `undefined` for what is not here. */
  why(text: string, options: AbortOptions): Promise<Why | undefined>;
  /** By subject, ascending. */
  pins(options: AbortOptions): Promise<readonly PinInfo[]>;
  /** `undefined` for what is not here. */
  pin(text: string, request: PinRequest): Promise<PinInfo | undefined>;
  /** The pin that was ended, if there was one. */
  unpin(text: string): Promise<PinInfo | undefined>;
}

export interface Why {
  readonly subject: string;
  readonly blobs: readonly Explanation[];
}

/** The parts of an opened store that sweeps work on. */
export interface CollectedStore {
  readonly layout: Layout;
  readonly blobs: BlobStore;
  readonly packs: PackSet;
  readonly leases: LeaseStore;
  readonly manifests: ManifestStore;
}

export function openCollector(store: CollectedStore): Collector {
  const { layout, blobs, packs, leases, manifests } = store;
  const plans = new Map<string, GcPlan>();
  const pins = openPinStore(layout);

  function portsFor({ signal }: AbortOptions): GcPorts {
    return createStorePorts(
      {
        layout,
        blobs,
        leases,
        roots: manifests.roots,
        packed: packs,
        packs: openSweepablePacks(layout, packs),
        expirables: [
          openPartialDebris(layout),
          createViewExpirables(layout, manifests),
          openPackDebris(layout),
        ],
      },
      (body) => withSweepLock(layout, body, { signal }),
    );
  }

  function remember(plan: GcPlan): void {
    plans.set(plan.digest, plan);
    const [oldest] = plans.keys();
    if (plans.size > PLANS_MAX && oldest !== undefined) plans.delete(oldest);
  }

  function take(digest: string): GcPlan {
    const plan = plans.get(digest);
    if (plan === undefined) throw planUnknown(digest);
    plans.delete(digest);
    return plan;
  }

  async function digestsOf(
    text: string,
  ): Promise<{ subject: string; digests: readonly Digest[] } | undefined> {
    const [subject, ...others] = await keptSubjects(manifests, text);
    // A digest alone: the question is about that one blob, which need not be here.
    if (others.length === 0 && subject?.startsWith("sha256:") === true) {
      return { subject, digests: [subject as Digest] };
    }
    return findKept(store, text);
  }

  return {
    async plan(options) {
      const { plan } = await collectGarbage(portsFor(options), { ...options, dryRun: true });
      remember(plan);
      return plan;
    },
    async sweep({ plan, ...options }) {
      const ports = portsFor(options);
      if (plan === undefined) return collectGarbage(ports, options);
      const taken = take(plan);
      return ports.withSweepLock((signal) => applyGc(taken, ports, { signal }));
    },
    async why(text, options) {
      const asked = await digestsOf(text);
      if (asked === undefined) return undefined;
      const snapshot = await takeSnapshot({ ...portsFor(options), expirables: [] }, options);
      return {
        subject: asked.subject,
        blobs: asked.digests.map((digest) => explain(snapshot, digest)),
      };
    },
    async pins(options) {
      const all: PinInfo[] = [];
      for await (const pin of pins.list(options)) all.push(pin);
      return all.sort((a, b) => (a.subject < b.subject ? -1 : 1));
    },
    async pin(text, request) {
      const found = await findKept(store, text);
      if (found === undefined) return undefined;
      const { subject, digests } = found;
      return pinBlobs(pins, blobs, { subject, digests, ...request });
    },
    async unpin(text) {
      for (const subject of await keptSubjects(manifests, text)) {
        const pin = await pins.get(subject);
        if (pin !== undefined && (await pins.remove(subject))) return pin;
      }
      return undefined;
    },
  };
}

function planUnknown(digest: string): StoreError {
  return new StoreError("no such plan waits to be carried out", {
    kind: "conflict",
    code: "ERR_STORE_PLAN_STALE",
    hint: "Plan again: a plan is carried out once, soon, by the daemon that made it.",
    detail: { plan: digest },
  });
}
