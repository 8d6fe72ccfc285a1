import assert from "node:assert/strict";
import { test } from "node:test";
import { eventReader } from "./events.js";

const TEXT = ": comment\n\nevent: content\ndata: {\"text\":\"Grüße, 雨 😀\"}\n\n" +
  "event: done\r\ndata:{}\r\n\r\ndata: a\ndata: b\nid: 7\nretry\n\nevent: lost\n\nevent: cut\ndata: x\n";
const EVENTS = [["content", '{"text":"Grüße, 雨 😀"}'], ["done", "{}"], ["message", "a\nb"]];

function read(pieces) {
  const events = [];
  const push = eventReader((name, data) => events.push([name, data]));
  for (const piece of pieces) push(piece);
  return events;
}

test("however it is cut", () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let first = 0; first <= bytes.length; ++first) {
    for (let second = first; second <= bytes.length; second += 7) {
      const pieces = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
      assert.deepEqual(read(pieces), EVENTS, `cut at ${first} and ${second}`);
    }
  }
  assert.deepEqual(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), EVENTS);
});

test("a line without an end is refused, not kept", () => {
  const push = eventReader(() => {});
  const piece = new Uint8Array(1 << 20).fill(97);
  assert.throws(() => {
    for (let i = 0; i < 40; ++i) push(piece);
  }, /too long/);
});
