import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

import { describe, expect, it } from "vitest";

import { createConnections } from "./connections.ts";

/** What of a socket the bookkeeping touches. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.emit("close");
    return this;
  }
  destroySoon(): void {
    this.destroy();
  }
}

const createSocket = (): Socket => new FakeSocket() as unknown as Socket;

function createAnswer() {
  let end!: () => void;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { done, end };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const limits = { connectionsMax: 3, pipelinedMax: 2 };

describe("createConnections", () => {
  it("makes room for a new connection by ending the one that was idle longest", async () => {
    const connections = createConnections(limits);
    const [a, b, c, d] = [createSocket(), createSocket(), createSocket(), createSocket()];
    for (const socket of [a, b, c]) connections.add(socket);
    const answer = createAnswer();
    await connections.begin(a, answer.done);
    answer.end();
    await settle();
    connections.add(d);
    expect([a, b, c, d].map((socket) => socket.destroyed)).toEqual([false, true, false, false]);
  });

  it("never ends a connection that an answer is made for; then the new one has to go", async () => {
    const connections = createConnections(limits);
    const busy = [createSocket(), createSocket(), createSocket()];
    for (const socket of busy) {
      connections.add(socket);
      await connections.begin(socket, createAnswer().done);
    }
    const late = createSocket();
    connections.add(late);
    expect(late.destroyed).toBe(true);
    expect(busy.some((socket) => socket.destroyed)).toBe(false);
    expect(await connections.begin(late, createAnswer().done)).toBe(false);
  });

  it("forgets connections that have closed", () => {
    const connections = createConnections(limits);
    for (let round = 0; round < 10; round += 1) {
      const socket = createSocket();
      connections.add(socket);
      socket.destroy();
    }
    const kept = [createSocket(), createSocket(), createSocket()];
    for (const socket of kept) connections.add(socket);
    expect(kept.some((socket) => socket.destroyed)).toBe(false);
  });

  it("begins requests sent ahead one after the other", async () => {
    const connections = createConnections(limits);
    const socket = createSocket();
    connections.add(socket);
    const answers = [createAnswer(), createAnswer()];
    const begun: number[] = [];
    for (const [index, { done }] of answers.entries()) {
      void connections.begin(socket, done).then(() => begun.push(index));
    }
    await settle();
    expect(begun).toEqual([0]);
    answers[0]?.end();
    await settle();
    expect(begun).toEqual([0, 1]);
    expect(connections.isBusy(socket)).toBe(true);
    answers[1]?.end();
    await settle();
    expect(connections.isBusy(socket)).toBe(false);
  });

  it("ends a connection that sends more ahead than anybody needs", async () => {
    const connections = createConnections(limits);
    const socket = createSocket();
    connections.add(socket);
    for (let count = 0; count < 3; count += 1) void connections.begin(socket, createAnswer().done);
    expect(socket.destroyed).toBe(false);
    expect(await connections.begin(socket, createAnswer().done)).toBe(false);
    expect(socket.destroyed).toBe(true);
  });

  it("leaves a request alone whose connection went while it waited", async () => {
    const connections = createConnections(limits);
    const socket = createSocket();
    connections.add(socket);
    const first = createAnswer();
    await connections.begin(socket, first.done);
    const second = connections.begin(socket, createAnswer().done);
    socket.destroy();
    first.end();
    expect(await second).toBe(false);
  });

  it("drains: idle connections end at once, busy ones with their answer, new ones never begin", async () => {
    const connections = createConnections(limits);
    const [idle, busy, late] = [createSocket(), createSocket(), createSocket()];
    connections.add(idle);
    connections.add(busy);
    const answer = createAnswer();
    await connections.begin(busy, answer.done);
    connections.drain();
    connections.add(late);
    expect([idle, busy, late].map(({ destroyed }) => destroyed)).toEqual([true, false, true]);
    answer.end();
    await settle();
    expect(busy.destroyed).toBe(true);
  });

  it("cuts what is left", async () => {
    const connections = createConnections(limits);
    const socket = createSocket();
    connections.add(socket);
    await connections.begin(socket, createAnswer().done);
    connections.cut();
    expect(socket.destroyed).toBe(true);
  });
});
