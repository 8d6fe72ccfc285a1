import assert from "node:assert/strict";
import { test } from "node:test";
import { addAnswer, addUser, applyEvent, newConversation, pathOf } from "./conversation.js";
import { EMPTY_SETTINGS, fitSettings, readSettings } from "./settings.js";
import { fileNameOf, prettyJson, readFile, toJson, toMarkdown } from "./transfer.js";

const fileOf = (text) => ({ size: text.length, text: async () => text });

function sample() {
  const conversation = newConversation({ ...EMPTY_SETTINGS, system: "Be brief.", temperature: 0.5 });
  const user = addUser(conversation, null, "Ask ``` this");
  for (const text of ["first", "second"]) {
    const answer = addAnswer(conversation, user.id, "nano");
    applyEvent(answer, "reasoning", { text: "a\nb" });
    applyEvent(answer, "content", { text });
    applyEvent(answer, "call", { id: "c", name: "calculator" });
    applyEvent(answer, "arguments", { id: "c", text: "{}" });
    applyEvent(answer, "tool", { id: "c", text: "a ```` fence", seconds: 1 });
    applyEvent(answer, "message", { message: { role: "assistant", content: text } });
    applyEvent(answer, "done", { reason: "stop" });
  }
  addUser(conversation, null, "Another");
  return conversation;
}

// Without what an import makes anew.
function shape(conversation) {
  const names = new Map(Object.keys(conversation.nodes).map((id, at) => [id, `n${at}`]));
  let text = JSON.stringify(conversation.nodes);
  for (const [id, name] of names) text = text.replaceAll(id, name);
  const nodes = JSON.parse(text);
  for (const node of Object.values(nodes)) {
    delete node.round;
    delete node.end;
    for (const part of node.parts ?? []) {
      delete part.began;
      delete part.round;
    }
  }
  return nodes;
}

test("what is exported can be imported", async () => {
  const conversation = sample();
  const [back] = await readFile(fileOf(toJson([conversation])));
  const sorted = (nodes) => Object.values(nodes).map((node) => node.text ?? node.parts).map(String).sort();
  assert.deepEqual(sorted(shape(back)), sorted(shape(conversation)));
  assert.notEqual(back.id, conversation.id);
  assert.deepEqual(back.settings, conversation.settings);
  assert.deepEqual(pathOf(back).map((node) => node.text), pathOf(conversation).map((node) => node.text));
  assert.ok(Object.keys(back.nodes).every((id) => !(id in conversation.nodes)));
  const [again] = await readFile(fileOf(toJson([back])));
  assert.deepEqual(shape(again), shape(back));
});

test("a file that is damaged anywhere is refused or read, never worse", async () => {
  const text = toJson([sample()]);
  const paths = [];
  const walk = (value, path) => {
    if (value === null || typeof value !== "object") return;
    for (const key of Object.keys(value)) {
      paths.push([...path, key]);
      walk(value[key], [...path, key]);
    }
  };
  walk(JSON.parse(text).conversations, []);
  assert.ok(paths.length > 60);
  for (const path of paths) {
    for (const damage of [null, 7, "x", [], {}, undefined, "__proto__"]) {
      const file = JSON.parse(text);
      let at = file.conversations;
      for (const key of path.slice(0, -1)) at = at[key];
      at[path.at(-1)] = damage;
      try {
        const [back] = await readFile(fileOf(JSON.stringify(file)));
        toMarkdown(back);
        await readFile(fileOf(toJson([back])));
      } catch (error) {
        assert.match(error.message, /^(?:a conversation|a message) in it|^a message stands/,
          `${path.join(".")} = ${JSON.stringify(damage)}: ${error.stack}`);
      }
    }
  }
});

test("Markdown", () => {
  const text = toMarkdown({ ...sample(), selected: {} });
  assert.match(text, /^# Ask ``` this\n\n## System\n\nBe brief\.\n/);
  const conversation = sample();
  conversation.selected = { root: conversation.roots[0] };
  const answer = toMarkdown(conversation);
  assert.ok(answer.includes("> a\n> b"));
  assert.ok(answer.includes("`````\na ```` fence\n`````"));
  assert.ok(answer.includes("second") && !answer.includes("first"));
});

test("names of files", () => {
  assert.equal(fileNameOf({ title: "../../etc/passwd" }, "md"), "etc-passwd.md");
  assert.equal(fileNameOf({ title: "雨 & sun?" }, "json"), "雨-sun.json");
  assert.equal(fileNameOf({ title: "???" }, "md"), "conversation.md");
});

test("JSON that is none is shown as it is", () => {
  assert.equal(prettyJson('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(prettyJson('{"a":'), '{"a":');
});

test("settings out of anywhere", () => {
  for (const value of [null, 7, "x", [], { temperature: "hot", topP: 2, rounds: 1.5, groups: "all" }]) {
    assert.deepEqual(readSettings(value), EMPTY_SETTINGS);
  }
  const settings = readSettings({ model: "gone", temperature: 2, rounds: 100, groups: ["a", "b", 3], context: "x" });
  const offer = {
    models: ["nano"], strategies: ["keep"],
    tool_groups: [{ name: "a", problem: null }, { name: "b", problem: "gone" }],
  };
  const fitted = fitSettings(settings, offer);
  assert.equal(fitted.model, "nano");
  assert.deepEqual(fitted.groups, ["a"]);
  assert.equal(fitted.context, "");
  assert.equal(fitted.temperature, 2);
});
