import { Hono } from "hono";

import { StoreError } from "@store/layout";

import type { Collector } from "../gc/collector.ts";
import { describeError, type Log } from "../log.ts";
import { answerBlob } from "../routes/blob.ts";
import { answerGcPlan } from "../routes/gc-plan.ts";
import { answerGcSweep } from "../routes/gc-sweep.ts";
import { answerHealth } from "../routes/health.ts";
import { answerModelDetail } from "../routes/model-detail.ts";
import { answerModelList } from "../routes/model-list.ts";
import { answerPinDelete } from "../routes/pin-delete.ts";
import { answerPinList } from "../routes/pin-list.ts";
import { answerPinPut } from "../routes/pin-put.ts";
import type { RouteContext } from "../routes/route-context.ts";
import { answerWhy } from "../routes/why.ts";
import { createBlobProver } from "../store/blob-prover.ts";
import type { StorePorts } from "../store/store-ports.ts";
import { errorResponse, isServerFault } from "./error-response.ts";
import { guardRequest } from "./guard.ts";
import { createErrorRedactor, createPathHider } from "./redact-error.ts";

export interface AppOptions extends StorePorts {
  /** Absolute path of the store; only to keep it out of answers. */
  readonly root: string;
  readonly version: string;
  readonly log: Log;
  readonly collector: Collector;
  /** Whether clients may sweep and pin; otherwise they may only look. */
  readonly allowChanges?: boolean;
}

/** What a connection adds to its requests. */
export interface ConnectionContext {
  /** The port the request arrived at. */
  readonly port: number;
  /** Resets the connection, if there is one. */
  readonly cut?: () => void;
}

/** Requests to answers, without sockets. Never throws. */
export interface App {
  fetch(request: Request, connection: ConnectionContext): Promise<Response>;
  /** What a request that could not be understood, or a bug on the way, is answered with. */
  refuse(error: unknown): Response;
}

/** The one place of the routes. Hono matches paths and decodes their parts, once; no more. */
export function createApp(options: AppOptions): App {
  const { blobs, manifests, collector, version, log, allowChanges = false } = options;
  const prover = createBlobProver(blobs);
  const redact = createErrorRedactor(options.root);
  const hide = createPathHider(options.root);

  function fail(error: unknown): Response {
    if (isServerFault(error)) log({ event: "request-failed", error: describeError(error) });
    return errorResponse(redact(error));
  }

  async function answer(
    request: Request,
    { cut }: ConnectionContext,
    route: (context: RouteContext) => Promise<Response>,
  ): Promise<Response> {
    try {
      return await route({ request, blobs, manifests, prover, collector, redact, hide, log, cut });
    } catch (error) {
      // Nobody is there to read it.
      if (request.signal.aborted) return new Response(null, { status: 503 });
      return fail(error);
    }
  }

  const routes = new Hono<{ Bindings: ConnectionContext }>();
  routes.get("/health", () => answerHealth(version));
  routes.get("/v1/models", (c) => answer(c.req.raw, c.env, answerModelList));
  routes.get("/v1/models/:name", (c) =>
    answer(c.req.raw, c.env, (context) => answerModelDetail(c.req.param("name"), context)),
  );
  routes.get("/v1/blobs/:digest", (c) =>
    answer(c.req.raw, c.env, (context) => answerBlob(c.req.param("digest"), context)),
  );
  routes.get("/v1/gc/plan", (c) => answer(c.req.raw, c.env, answerGcPlan));
  routes.get("/v1/pins", (c) => answer(c.req.raw, c.env, answerPinList));
  routes.get("/v1/why/:what", (c) =>
    answer(c.req.raw, c.env, (context) => answerWhy(c.req.param("what"), context)),
  );
  if (allowChanges) {
    routes.post("/v1/gc/sweep", (c) => answer(c.req.raw, c.env, answerGcSweep));
    routes.put("/v1/pins/:what", (c) =>
      answer(c.req.raw, c.env, (context) => answerPinPut(c.req.param("what"), context)),
    );
    routes.delete("/v1/pins/:what", (c) =>
      answer(c.req.raw, c.env, (context) => answerPinDelete(c.req.param("what"), context)),
    );
  }
  routes.notFound(() => fail(routeNotFound()));
  routes.onError((error) => fail(error));

  return {
    async fetch(request, connection) {
      return (
        guardRequest(request, connection.port, { allowChanges }) ??
        routes.fetch(request, connection)
      );
    },
    refuse: fail,
  };
}

function routeNotFound(): StoreError {
  return new StoreError("nothing is served at this path", {
    kind: "not-found",
    code: "ERR_STORE_ROUTE_NOT_FOUND",
  });
}
