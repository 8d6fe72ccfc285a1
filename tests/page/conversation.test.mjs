// What people do with the page.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import {
  answered, answers, ask, closeBrowser, eventually, field, lastAnswer, lastUser, openBrowser, ready,
  think, useTools, withPage, withSettings,
} from "./browser.mjs";

before(openBrowser);
after(closeBrowser);

test("a conversation", () => withPage(async (page) => {
  await ask(page, "Say hello.");
  assert.equal(await lastAnswer(page).locator(".markdown").innerText(), "Hello from the script.");
  await ask(page, "Say one.");
  assert.equal(await answers(page).count(), 2);
  assert.equal(await page.title(), "Say hello. · Fathom");
  const strip = await page.locator(".strip").innerText();
  assert.match(strip, /tokens\/s/);
  assert.match(strip, /\d of 1?\d,\d{3}/);
}));

test("Markdown, code in colours, formulas", () => withPage(async (page) => {
  await ask(page, "Show me what you can.");
  const answer = lastAnswer(page);
  await answer.locator(".katex").first().waitFor();
  await answer.locator(".hljs-keyword").first().waitFor();
  assert.equal(await answer.locator("h2").innerText(), "A short tour");
  assert.equal(await answer.locator("ol > li").count(), 2);
  assert.equal(await answer.locator(".table td").count(), 4);
  assert.equal(await answer.locator(".math.set").count(), 6);
  assert.equal(await answer.locator(".math.display").count(), 2);
  const link = answer.locator("a");
  assert.equal(await link.getAttribute("href"), "https://example.org/paper");
  assert.match(await link.getAttribute("rel"), /noopener/);
  assert.equal(await link.getAttribute("target"), "_blank");
}));

test("copying code", () => withPage(async (page) => {
  await ask(page, "Show me what you can.");
  await page.getByRole("button", { name: "Copy code" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.startsWith("def top_k(scores, k):\n"), copied);
}, { permissions: ["clipboard-read", "clipboard-write"] }));

test("thinking is folded, with its time and tokens", () => withPage(async (page) => {
  await think(page);
  await ask(page, "Think, then say hello.");
  const thought = lastAnswer(page).locator(".reasoning");
  assert.match(await thought.locator("summary").innerText(), /^Thought for (\d+(\.\d+)? m?s|under 1 ms) · \d+ tokens$/);
  assert.equal(await thought.locator(".markdown").count(), 0);
  await thought.locator("summary").click();
  assert.equal(await thought.locator("strong").innerText(), "short");
  assert.equal(await lastAnswer(page).locator("> .markdown").innerText(), "Hello after a thought.");
}));

test("a tool's call and result are a card", () => withPage(async (page) => {
  await useTools(page);
  await ask(page, "What is 6 times 7?");
  const card = lastAnswer(page).locator(".call");
  assert.equal(await card.locator(".call-name").innerText(), "calculator");
  assert.match(await card.locator(".call-state").innerText(), /^done · /);
  await card.locator("summary").click();
  assert.deepEqual(await card.locator("pre").allInnerTexts(), ['{\n  "expression": "6 * 7"\n}', "42"]);
  assert.equal(await lastAnswer(page).locator(".markdown").last().innerText(), "6 times 7 is 42.");
}));

test("a tool that fails", () => withPage(async (page) => {
  await useTools(page);
  await ask(page, "Divide by zero.");
  const card = lastAnswer(page).locator(".call.failed");
  assert.match(await card.locator(".call-state").innerText(), /^failed · /);
  await card.locator("summary").click();
  assert.match(await card.locator("pre").last().innerText(), /division by zero/);
}));

test("stopping, by button and by Escape", () => withPage(async (page) => {
  await ready(page);
  for (const [before, stop] of [
    () => page.getByRole("button", { name: "Stop" }).click(),
    () => page.keyboard.press("Escape"),
  ].entries()) {
    await field(page).fill("Write without end.");
    await field(page).press("Enter");
    await eventually(() => page.locator(".answer").count(), before + 1);
    await lastAnswer(page).getByText("Line 2 of a text").waitFor();
    await stop();
    await answered(page);
    await lastAnswer(page).getByText("Stopped.").waitFor();
    const text = await lastAnswer(page).innerText();
    await page.waitForTimeout(300);
    assert.equal(await lastAnswer(page).innerText(), text, "it goes on after it was stopped");
    assert.ok(!text.includes("Line 300 "));
  }
  // What there is stands, and the conversation goes on.
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.method() === "POST"),
    ask(page, "Say hello."),
  ]);
  const { messages } = request.postDataJSON();
  assert.deepEqual(messages.map((message) => message.role),
    ["user", "assistant", "user", "assistant", "user"]);
  assert.match(messages[1].content, /^Line 1 /);
}));

test("editing makes a branch", () => withPage(async (page) => {
  await ask(page, "Say one.");
  await ask(page, "Say hello.");
  await page.locator(".user").first().hover();
  await page.getByRole("button", { name: "Edit message" }).first().click();
  const editor = page.getByRole("textbox", { name: "Edit message" });
  assert.equal(await editor.inputValue(), "Say one.");
  await editor.fill("Say two.");
  await editor.press("Enter");
  await answered(page);
  assert.equal(await answers(page).count(), 1);
  assert.equal(await lastAnswer(page).locator(".markdown").innerText(), "Two.");
  assert.equal(await lastUser(page).locator(".branches").innerText(), "2/2");
  await page.getByRole("button", { name: "Previous version" }).click();
  await eventually(() => answers(page).count(), 2);
  assert.equal(await page.locator(".user .words").first().innerText(), "Say one.");
  assert.equal(await lastAnswer(page).locator(".markdown").innerText(), "Hello from the script.");
}));

test("asking again keeps both answers", () => withPage(async (page) => {
  await ask(page, "Say hello.");
  await page.getByRole("button", { name: "Answer again" }).click();
  await lastAnswer(page).getByText("2/2").waitFor();
  await answered(page);
  assert.equal(await answers(page).count(), 1);
  await page.getByRole("button", { name: "Previous version" }).click();
  await lastAnswer(page).getByText("1/2").waitFor();
}));

test("everything is there after a reload", () => withPage(async (page) => {
  await useTools(page);
  await ask(page, "What is 6 times 7?");
  await page.getByRole("button", { name: "Answer again" }).click();
  await lastAnswer(page).getByText("2/2").waitFor();
  await answered(page);
  const before = await page.locator(".thread").innerText();
  await page.waitForTimeout(200);
  await page.reload();
  await eventually(() => page.locator(".thread").innerText(), before);
  await page.locator(".list .row").waitFor();
  // The tool's call and result are sent along.
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.method() === "POST"),
    ask(page, "Say hello."),
  ]);
  const { messages, tool_groups } = request.postDataJSON();
  assert.deepEqual(messages.map((message) => message.role),
    ["user", "assistant", "tool", "assistant", "user"]);
  assert.deepEqual(tool_groups, ["builtin"]);
}));

test("two tabs with one conversation lose nothing of either", () => withPage(async (page, _, tab) => {
  await ask(page, "Say hello.");
  const other = await tab(page.url());
  await lastAnswer(other).getByText("Hello from the script.").waitFor();
  // Each adds to it; here the other's comes at once, beside or below what is looked at.
  await ask(other, "Say one.");
  await lastAnswer(page).getByText("One.").waitFor();
  await page.locator(".user").first().hover();
  await page.getByRole("button", { name: "Edit message" }).first().click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("Say two.");
  await page.getByRole("textbox", { name: "Edit message" }).press("Enter");
  await answered(page);
  await other.locator(".user .branches").getByText("1/2").waitFor();
  assert.equal(await lastAnswer(other).locator(".markdown").innerText(), "One.");
  await ask(other, "Think, then say hello.");
  await page.reload();
  const versions = page.locator(".user .branches");
  await versions.getByText("/2").waitFor();
  const texts = [];
  for (const name of ["Previous version", "Next version"]) {
    const step = page.getByRole("button", { name });
    if (await step.isEnabled()) await step.click();
    await versions.getByText(name === "Next version" ? "2/2" : "1/2").waitFor();
    texts.push(await page.locator(".user .words").allInnerTexts());
  }
  assert.deepEqual(texts, [["Say hello.", "Say one.", "Think, then say hello."], ["Say two."]]);
  // While one tab's answer comes, the other goes on; both are kept whole.
  await field(page).fill("Write without end.");
  await field(page).press("Enter");
  await lastAnswer(page).getByText("Line 9 ").waitFor();
  const watching = await tab(page.url());
  await lastAnswer(watching).getByText("Not finished: ").waitFor();
  await other.getByRole("button", { name: "Answer again" }).last().click();
  await lastAnswer(other).getByText("2/2").waitFor();
  await answered(other);
  await page.keyboard.press("Escape");
  await answered(page);
  await lastAnswer(watching).getByText("Stopped.").waitFor();
  await other.reload();
  await lastAnswer(other).getByText("Line 9 ").waitFor();
  await other.getByRole("button", { name: "Previous version" }).first().click();
  await lastAnswer(other).getByText("/2").waitFor();
  // Deleted there, gone here.
  await other.getByRole("button", { name: "Delete Say hello." }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("This conversation was deleted in another tab.").waitFor();
  await eventually(() => page.locator(".list .row").count(), 0);
}));

test("the list: search, rename, delete", () => withPage(async (page) => {
  await ask(page, "Say hello.");
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, "Say two.");
  const rows = page.locator(".list .row");
  assert.deepEqual(await rows.allInnerTexts(), ["Say two.", "Say hello."]);
  await page.getByLabel("Search conversations").fill("from the script");
  await eventually(() => page.locator(".list .row").count(), 1);
  assert.equal(await rows.innerText(), "Say hello.");
  await page.getByLabel("Search conversations").fill("");
  await eventually(() => page.locator(".list .row").count(), 2);
  await page.getByRole("button", { name: "Rename Say two." }).click();
  await page.getByLabel("New name").fill("The second");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "The second" }).waitFor();
  await page.getByRole("button", { name: "Delete The second" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await eventually(() => page.locator(".list .row").count(), 1);
  await page.reload();
  await rows.waitFor();
  assert.deepEqual(await rows.allInnerTexts(), ["Say hello."]);
}));

async function exported(page, form) {
  await page.getByRole("button", { name: "Export this conversation" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("dialog").getByRole("button", { name: form }).click(),
  ]);
  return { path: await download.path(), name: download.suggestedFilename() };
}

test("export and import", () => withPage(async (page) => {
  await useTools(page);
  await ask(page, "What is 6 times 7?");
  await ask(page, "Say hello.");
  const markdown = await exported(page, "Markdown");
  assert.equal(markdown.name, "What-is-6-times-7.md");
  const text = await readFile(markdown.path, "utf8");
  for (const part of ["# What is 6 times 7?", "## You", "**Tool `calculator`**", "Hello from the script."]) {
    assert.ok(text.includes(part), text);
  }
  const json = await exported(page, "JSON");
  const file = JSON.parse(await readFile(json.path, "utf8"));
  assert.equal(file.format, "fathom-conversations");
  const shown = await page.locator(".thread").innerText();
  await page.locator("input[type=file]").setInputFiles(json.path);
  await eventually(() => page.locator(".list .row").count(), 2);
  const original = file.conversations[0].id;
  await eventually(() => new URL(page.url()).hash === `#${original}`, false);
  await eventually(() => page.locator(".thread").innerText(), shown);
}));

test("files that are no conversations are refused", () => withPage(async (page) => {
  await ready(page);
  const node = (role, more) => ({ role, children: [], ...more });
  const export_ = (conversation) =>
    JSON.stringify({ format: "fathom-conversations", version: 1, conversations: [conversation] });
  const cases = [
    ["no JSON", "it is not JSON"],
    ["{}", "it is not an export of this page"],
    ['{"format": "fathom-conversations", "version": 2, "conversations": []}', "its version is 2, expected 1"],
    [export_(null), "a conversation in it has no messages"],
    [export_({ roots: ["a"], nodes: {} }), "a message in it is missing"],
    [export_({ roots: ["__proto__"], nodes: {} }), "a message in it is missing"],
    [export_({ roots: ["a"], nodes: { a: node("user", { children: ["a"] }) } }), "a message stands in two places of it"],
    [export_({ roots: ["a"], nodes: { a: node("system") } }), "a message in it is missing"],
  ];
  for (const [text, why] of cases) {
    await page.locator("input[type=file]").setInputFiles(
      { name: "file.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await page.getByRole("alert").getByText(`file.json was not imported: ${why}.`).waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
  }
  assert.equal(await page.locator(".list .row").count(), 0);
}));

test("settings are what is sent", () => withPage(async (page) => {
  await withSettings(page, async (dialog) => {
    await dialog.getByLabel("Model", { exact: true }).selectOption("deepseek-reasoner");
    await dialog.getByLabel("System prompt").fill("Be brief.");
    await dialog.getByLabel("Temperature").fill("0.5");
    await dialog.getByLabel("Most tokens of an answer").fill("500");
    await dialog.getByLabel("Most rounds with tools").fill("7");
    await dialog.getByLabel("When the window is nearly full").selectOption("discard-75");
  });
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.method() === "POST"),
    ask(page, "Think, then say hello."),
  ]);
  assert.deepEqual(request.postDataJSON(), {
    model: "deepseek-reasoner",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Think, then say hello." },
    ],
    tool_groups: [],
    temperature: 0.5,
    max_tokens: 500,
    max_rounds: 7,
    context: "discard-75",
  });
  assert.equal(await lastAnswer(page).locator(".reasoning").count(), 1);
}));

test("numbers that do not fit are not taken", () => withPage(async (page) => {
  await withSettings(page, async (dialog) => {
    const temperature = dialog.getByLabel("Temperature");
    await temperature.fill("9");
    await temperature.blur();
    assert.equal(await temperature.evaluate((input) => input.validity.valid), false);
  });
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.method() === "POST"),
    ask(page, "Say hello."),
  ]);
  assert.equal(request.postDataJSON().temperature, undefined);
}));

test("a request that the server refuses", () => withPage(async (page) => {
  await page.route("**/v1/agent", (route) => route.request().method() === "POST"
    ? route.fulfill({ status: 429, json: { error: { message: "too many requests wait" } } })
    : route.continue());
  await ready(page);
  await field(page).fill("Say hello.");
  await field(page).press("Enter");
  await lastAnswer(page).getByText("too many requests wait").waitFor();
  await page.unroute("**/v1/agent");
  await lastAnswer(page).getByRole("button", { name: "Try again" }).click();
  await lastAnswer(page).getByText("Hello from the script.").waitFor();
}, { expected: [/429/] }));

test("a server that is gone", () => withPage(async (page) => {
  await ready(page);
  await page.route("**/v1/agent", (route) => route.abort());
  await field(page).fill("Say hello.");
  await field(page).press("Enter");
  await lastAnswer(page).getByText("The server can't be reached.").waitFor();
}, { expected: [/ERR_FAILED/] }));

test("a server that comes back", () => withPage(async (page) => {
  await page.getByText("The server can't be reached.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Send" }).isEnabled(), false);
  await page.unroute("**/v1/agent");
  await page.getByRole("button", { name: "Try again" }).click();
  await ask(page, "Say hello.");
  assert.equal(await page.getByRole("alert").count(), 0);
}, {
  expected: [/ERR_FAILED/],
  before: (page) => page.route("**/v1/agent", (route) => route.abort()),
}));

test("an answer that is cut off, and one that is no answer", () => withPage(async (page) => {
  const answer = (body) => page.route("**/v1/agent", (route) => route.request().method() === "POST"
    ? route.fulfill({ contentType: "text/event-stream", body })
    : route.continue());
  const cases = [
    ['event: content\ndata: {"text":"So f', "The connection ended before"],
    ['event: content\ndata: {"text":"So far"}\n\n', "The connection ended before"],
    ["event: content\ndata: {\n\n", "The server's answer can't be read."],
    ['event: error\ndata: {"message":"the engine is gone"}\n\n', "the engine is gone"],
  ];
  await ready(page);
  for (const [at, [body, words]] of cases.entries()) {
    await answer(body);
    await field(page).fill("Say hello.");
    await field(page).press("Enter");
    await eventually(() => answers(page).count(), at + 1);  // two of them end in the same words
    await lastAnswer(page).getByRole("alert").getByText(words).waitFor();
    await page.unroute("**/v1/agent");
  }
  assert.equal(await page.getByText("So far").count(), 1);
  await ask(page, "Say hello.");
}));

test("a conversation that is deleted while it is answered stays deleted", () => withPage(async (page) => {
  await ready(page);
  await field(page).fill("Write without end.");
  await field(page).press("Enter");
  await lastAnswer(page).getByText("Line 2 of a text").waitFor();
  await page.getByRole("button", { name: "Delete Write without end." }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await eventually(() => page.locator(".message").count(), 0);
  await page.waitForTimeout(500);
  await page.reload();
  await ready(page);
  assert.equal(await page.locator(".list .row").count(), 0);
}));

test("a conversation is answered while another is looked at", () => withPage(async (page) => {
  await ready(page);
  await field(page).fill("Write at length.");
  await field(page).press("Enter");
  await lastAnswer(page).getByText("Paragraph 2 of a text").waitFor();
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, "Say hello.");
  assert.equal(await answers(page).count(), 1);
  await eventually(() => page.locator(".list .dot").count(), 0);
  await page.getByRole("button", { name: "Write at length.", exact: true }).click();
  await lastAnswer(page).getByText("Paragraph 80 of a text").waitFor();
  await page.reload();
  await lastAnswer(page).getByText("Paragraph 80 of a text").waitFor();
}));

test("a browser whose store is full says so and goes on", () => withPage(async (page) => {
  await ask(page, "Say hello.");
  await page.getByText("This conversation is not being kept: the browser has no more room.").waitFor();
  assert.equal(await lastAnswer(page).locator(".markdown").innerText(), "Hello from the script.");
}, {
  before: (page) => page.addInitScript(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  }),
}));

test("a long conversation grows without touching what is there", () => withPage(async (page) => {
  await ask(page, "Show me what you can.");
  await page.evaluate(() => {
    window.changes = 0;
    const first = document.querySelector(".answer .markdown");
    new MutationObserver((records) => (window.changes += records.length))
      .observe(first, { subtree: true, childList: true, characterData: true });
  });
  await ask(page, "Write at length.");
  assert.equal(await page.evaluate(() => window.changes), 0);
  assert.equal(await lastAnswer(page).locator("p").count(), 80);
}));
