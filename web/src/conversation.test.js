import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addAnswer, addUser, applyEvent, messagesFor, newConversation, pathOf, select, settle, settleKept,
  textOfAnswer, titleFrom, unite,
} from "./conversation.js";
import { EMPTY_SETTINGS } from "./settings.js";

const fresh = (settings = {}) => newConversation({ ...EMPTY_SETTINGS, ...settings });

// An answer with these events behind it.
function answered(conversation, parent, events) {
  const answer = addAnswer(conversation, parent, "model");
  let now = 1000;
  for (const [name, data] of events) applyEvent(answer, name, data, (now += 500));
  return answer;
}

const said = (content) => ["message", { message: { role: "assistant", content } }];
const DONE = ["done", { reason: "stop" }];

const WITH_TOOL = [
  ["start", { model: "nano" }],
  ["round", { round: 0 }],
  ["reasoning", { text: "I must " }],
  ["reasoning", { text: "calculate." }],
  ["stats", { reasoning_tokens: 4 }],
  ["content", { text: "Let me see." }],
  ["call", { id: "c1", name: "calculator" }],
  ["arguments", { id: "c1", text: '{"a":' }],
  ["arguments", { id: "c1", text: "1}" }],
  ["call_end", { id: "c1" }],
  ["message", { message: { role: "assistant", content: "Let me see.", tool_calls: [{ id: "c1" }] } }],
  ["tool", { id: "c1", text: "42", failed: false, seconds: 0.5 }],
  ["message", { message: { role: "tool", tool_call_id: "c1", content: "42" } }],
  ["round", { round: 1 }],
  ["content", { text: "It is " }],
  ["content", { text: "42." }],
  ["stats", { reasoning_tokens: 0 }],
];

test("an answer with thinking, a tool and two rounds", () => {
  const conversation = fresh();
  const user = addUser(conversation, null, "What is it?");
  const answer = answered(conversation, user.id, [...WITH_TOOL, said("It is 42."), DONE]);
  assert.deepEqual(answer.parts.map((part) => part.kind), ["reasoning", "content", "call", "content"]);
  const [reasoning, , call] = answer.parts;
  assert.equal(reasoning.text, "I must calculate.");
  assert.equal(reasoning.tokens, 4, "the second round's count is not the first one's");
  assert.equal(reasoning.seconds, 1.5);
  assert.equal(call.arguments, '{"a":1}');
  assert.equal(call.state, "done");
  assert.equal(call.result, "42");
  assert.equal(answer.state, "done");
  assert.equal(answer.model, "nano");
  assert.equal(textOfAnswer(answer), "Let me see.\n\nIt is 42.");
  const next = addUser(conversation, answer.id, "Thanks.");
  assert.deepEqual(messagesFor(conversation, next.id).map((message) => message.role),
    ["user", "assistant", "tool", "assistant", "user"]);
});

test("an answer that stops anywhere can be gone on from", () => {
  for (let length = 0; length <= WITH_TOOL.length; ++length) {
    const conversation = fresh();
    const user = addUser(conversation, null, "What is it?");
    const answer = answered(conversation, user.id, WITH_TOOL.slice(0, length));
    settle(answer, "stopped");
    const messages = messagesFor(conversation, addUser(conversation, answer.id, "Go on.").id);
    const open = new Set();
    for (const message of messages) {
      for (const call of message.tool_calls ?? []) open.add(call.id);
      if (message.role === "tool") assert.ok(open.delete(message.tool_call_id), `after ${length}`);
      else if (!message.tool_calls) assert.equal(open.size, 0, `after ${length}: a call has no result`);
    }
    assert.ok(answer.parts.every((part) => part.kind !== "reasoning" || part.seconds !== null));
    assert.ok(answer.parts.every((part) => part.kind !== "call" || ["done", "stopped"].includes(part.state)));
    const before = JSON.stringify(answer);
    settle(answer, "stopped");
    assert.equal(JSON.stringify(answer), before, "settling twice changes nothing");
  }
});

test("branches: what is selected is what is sent", () => {
  const conversation = fresh({ system: " Be brief. " });
  const first = addUser(conversation, null, "one");
  const answer = answered(conversation, first.id, [said("1"), DONE]);
  addUser(conversation, answer.id, "more");
  const second = addUser(conversation, null, "two");
  assert.deepEqual(pathOf(conversation).map((node) => node.text), ["two"]);
  assert.deepEqual(messagesFor(conversation, second.id),
    [{ role: "system", content: "Be brief." }, { role: "user", content: "two" }]);
  select(conversation, first);
  assert.deepEqual(pathOf(conversation).map((node) => node.text ?? "answer"), ["one", "answer", "more"]);
  const again = answered(conversation, first.id, [said("uno"), DONE]);
  assert.deepEqual(pathOf(conversation).map((node) => node.id), [first.id, again.id]);
});

test("two tabs with one conversation lose nothing of either", () => {
  const first = fresh();
  const user = addUser(first, null, "one");
  answered(first, user.id, [said("1"), DONE]);
  const second = structuredClone(first);
  const here = pathOf(first).at(-1);
  addUser(first, here.id, "mine");
  const again = answered(second, user.id, [said("uno"), DONE]);
  const other = addUser(second, null, "two");
  const theirs = structuredClone(second);
  unite(second, structuredClone(first));
  unite(first, theirs);
  for (const conversation of [first, second]) {
    assert.equal(Object.keys(conversation.nodes).length, 5);
    assert.deepEqual([...conversation.roots].sort(), [user.id, other.id].sort());
    assert.deepEqual([...conversation.nodes[user.id].children].sort(), [here.id, again.id].sort());
  }
  assert.deepEqual(pathOf(first).map((node) => node.text ?? "answer"), ["one", "answer", "mine"]);
  assert.deepEqual(pathOf(second).map((node) => node.text), ["two"]);
  const before = JSON.stringify(first);
  unite(first, structuredClone(second));
  unite(first, structuredClone(first));
  assert.equal(JSON.stringify(first), before, "once more changes nothing");
});

test("of two copies of an answer the one that is further stays", () => {
  const asking = fresh();
  const user = addUser(asking, null, "What is it?");
  const answer = addAnswer(asking, user.id, "model");
  let watching = null;
  for (const [name, data] of [...WITH_TOOL, said("It is 42."), DONE]) {
    applyEvent(answer, name, data);
    const kept = structuredClone(asking);  // what the store has now
    if (watching === null) {
      watching = kept;
      settleKept(watching);
    } else {
      unite(watching, kept);
    }
    assert.equal(watching.nodes[answer.id].state, name === "done" ? "done" : "unfinished");
    const running = JSON.stringify(answer);
    unite(asking, structuredClone(watching));
    assert.equal(JSON.stringify(answer), running, "who asks is not disturbed");
  }
  assert.equal(answer.state, "done");
  assert.deepEqual(watching, asking);
});

test("an answer that was kept in the middle of a thought has thought until then", () => {
  const conversation = fresh();
  const user = addUser(conversation, null, "one", 1000);
  const answer = addAnswer(conversation, user.id, "model", 1000);
  applyEvent(answer, "reasoning", { text: "Hm" }, 2000);
  applyEvent(answer, "reasoning", { text: "m." }, 5000);
  settleKept(conversation);
  assert.equal(answer.parts[0].seconds, 3);
});

test("a shortened conversation replaces what was before it", () => {
  const conversation = fresh({ system: "new" });
  const first = answered(conversation, addUser(conversation, null, "one").id, [said("1"), DONE]);
  const short = [{ role: "system", content: "old" }, { role: "user", content: "summary" }];
  const second = answered(conversation, addUser(conversation, first.id, "two").id, [
    said("before"),
    ["context", { strategy: "summary", before_tokens: 9, after_tokens: 3, summary: "short" }],
    ["messages", { messages: short }],
    said("2"),
    DONE,
  ]);
  const third = addUser(conversation, second.id, "three");
  assert.deepEqual(messagesFor(conversation, third.id).map((message) => message.content),
    ["new", "summary", "2", "three"]);
  assert.equal(short.length, 2, "what the server sent is left alone");
});

test("events that make no sense change nothing that matters", () => {
  const answer = addAnswer(fresh(), null, "model");
  for (const name of ["", "constructor", "__proto__", "toString", "later"]) applyEvent(answer, name, {});
  for (const data of [{}, { text: 7 }, { id: {} }, { message: null }, { messages: 3 }, { message: "x" }]) {
    for (const name of ["arguments", "call_end", "tool", "message", "messages", "round", "stats"]) {
      applyEvent(answer, name, data);
    }
  }
  assert.deepEqual(answer.parts, []);
  assert.deepEqual(answer.messages, []);
});

test("titles", () => {
  assert.equal(titleFrom("  one\ttwo\nthree"), "one two");
  assert.equal(titleFrom(" \n "), "New conversation");
  assert.equal(Array.from(titleFrom("😀".repeat(90))).length, 60);
});
