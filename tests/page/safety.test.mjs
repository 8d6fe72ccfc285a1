// What a model or a tool writes is read, never obeyed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  answered, ask, closeBrowser, eventually, field, lastAnswer, openBrowser, ready, think, useTools,
  withPage,
} from "./browser.mjs";

before(openBrowser);
after(closeBrowser);

// Whatever the page itself is made of is not among these, so none of them may stand in a message.
const FORBIDDEN = ["audio", "base", "embed", "form", "frame", "iframe", "img", "input", "link",
  "marquee", "meta", "object", "picture", "script", "select", "source", "style", "template",
  "textarea", "track", "video"];

// What is in the messages that should not be.
function findings(page) {
  return page.evaluate((forbidden) => {
    const found = [];
    for (const element of document.querySelectorAll(".message *")) {
      const name = element.localName;
      if (forbidden.includes(name)) found.push(`<${name}>`);
      // The page's own icons, and KaTeX's strokes, hold paths alone.
      if (name === "svg" && element.querySelector(":not(path):not(g):not(line)")) found.push("<svg>");
      for (const { name: attribute, value } of element.attributes) {
        if (/^on/i.test(attribute)) found.push(`${attribute}=`);
        if (attribute === "id" || attribute === "name" || attribute === "src") found.push(`${attribute}=`);
        if (/^\s*(?:javascript|data|vbscript):/i.test(value)) found.push(`${attribute}=${value}`);
      }
      if (name === "a") {
        if (!/^(?:https?:\/\/|mailto:)/.test(element.getAttribute("href"))) found.push(element.outerHTML);
        if (!element.rel.includes("noopener") || element.target !== "_blank") found.push(element.outerHTML);
      }
    }
    return found;
  }, FORBIDDEN);
}

// Everything of it opened and pointed at.
async function provoke(page) {
  for (const summary of await page.locator(".message summary").all()) await summary.click();
  for (const element of await page.locator(".message a, .message code, .message p").all()) {
    if (await element.isVisible()) await element.hover({ force: true });
  }
}

test("an answer full of markup and script", () => withPage(async (page) => {
  await think(page);
  await ask(page, "Attack me.");
  await lastAnswer(page).locator(".katex").first().waitFor();
  await provoke(page);
  assert.ok(await lastAnswer(page).locator(".reasoning .markdown .block").count() > 5);
  assert.deepEqual(await findings(page), []);
  const text = await lastAnswer(page).innerText();
  assert.ok(text.includes("<script>alert(1)</script>"), text);
  assert.ok(text.includes('<iframe src="https://example.org/frame">'), text);
  assert.match(text, /The end\./);
  // The page is whole, and goes on.
  await ask(page, "Say hello.");
  assert.equal(await lastAnswer(page).locator(".markdown").innerText(), "Hello from the script.");
  await page.reload();
  await eventually(() => page.locator(".answer").count(), 2);
  await provoke(page);
  assert.deepEqual(await findings(page), []);
}));

test("a message of a person full of markup is text, too", () => withPage(async (page) => {
  const text = "<img src=x onerror=alert(1)> **Say hello.** <script>alert(2)</script>";
  await ask(page, text);
  assert.equal(await page.locator(".user .words").innerText(), text);
  assert.deepEqual(await findings(page), []);
  // Where it becomes a title, in the list and the head of the page, as well.
  assert.equal(await page.locator(".list .row").innerText(), `${text.slice(0, 59)}…`);
  assert.equal(await page.locator(".list img, .bar img").count(), 0);
}));

test("a tool's name, arguments and result full of markup", () => withPage(async (page) => {
  await useTools(page);
  await ask(page, "Call a tool with markup.");
  await provoke(page);
  assert.deepEqual(await findings(page), []);
  assert.ok((await lastAnswer(page).locator(".call").innerText()).includes("<script>alert(51)</script>"));
}));

test("an imported conversation full of markup", () => withPage(async (page) => {
  await ready(page);
  const attack = '<img src=x onerror="alert(60)"><script>alert(61)</script> [x](javascript:alert(62))';
  const conversation = {
    title: attack,
    settings: { system: attack, model: attack },
    roots: ["u"],
    nodes: {
      u: { role: "user", text: attack, children: ["a"] },
      a: {
        role: "assistant", state: "done", model: attack, children: [], error: { message: attack },
        end: { reason: attack },
        messages: [{ role: "assistant", content: attack, dangerouslySetInnerHTML: { __html: attack } }],
        parts: [
          { kind: "content", text: attack },
          { kind: "reasoning", text: attack, seconds: 1, tokens: attack },
          { kind: "call", name: attack, arguments: attack, result: attack, state: attack },
          { kind: "guard", reason: attack, tokens: 1 },
          { kind: "context", strategy: attack, summary: attack },
          { kind: attack },
          { kind: "constructor" },
        ],
      },
    },
  };
  const file = { format: "fathom-conversations", version: 1, conversations: [conversation] };
  await page.locator("input[type=file]").setInputFiles(
    { name: "file.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(file)) });
  await answered(page);
  await provoke(page);
  assert.deepEqual(await findings(page), []);
}));

test("the policy is there, and the browser keeps it", () => withPage(async (page) => {
  await ready(page);
  const refused = [];
  page.on("requestfailed", (request) => refused.push(`${request.url()} ${request.failure().errorText}`));
  const broken = await page.evaluate(async () => {
    const violations = [];
    const listen = (event) => {
      event.stopImmediatePropagation();
      violations.push(event.effectiveDirective);
    };
    window.addEventListener("securitypolicyviolation", listen, { capture: true });
    const attempts = [
      () => (document.body.innerHTML = "<p>x</p>"),
      () => document.body.append(Object.assign(document.createElement("script"), { src: "https://example.org/x.js" })),
      () => document.body.append(Object.assign(document.createElement("img"), { src: "https://example.org/x.png" })),
      () => document.body.append(Object.assign(document.createElement("iframe"), { src: "https://example.org/" })),
      () => document.body.setAttribute("style", "color: red"),
      () => document.body.setAttribute("onclick", "alert(1)"),
      () => fetch("https://example.org/").catch(() => {}),
      () => eval("1"),
    ];
    for (const attempt of attempts) {
      try {
        await attempt();
      } catch {
        // Refused on the spot.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    return [...new Set(violations)].sort();
  });
  assert.deepEqual(broken, ["connect-src", "frame-src", "img-src", "require-trusted-types-for",
    "style-src-attr"]);
  // The picture is asked for as far as the browser's own gate.
  assert.ok(refused.every((each) => each === "https://example.org/x.png csp"), refused.join());
}, { expected: [/Content Security Policy/, /TrustedHTML|TrustedScript|Trusted Type/,
  /^request: https:\/\/example\.org\/x\.png$/] }));

test("a server with keys asks for one", { skip: process.env.FATHOM_KEY ? false : "the server has no keys" },
  () => withPage(async (page) => {
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.getByLabel("API key").fill("a wrong key");
    await page.keyboard.press("Enter");
    await dialog.getByText("The server does not know this key.").waitFor();
    await dialog.getByLabel("API key").fill(process.env.FATHOM_KEY);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await ask(page, "Say hello.");
    await page.reload();
    await ready(page);
    const stored = await page.evaluate(() => [JSON.stringify(localStorage), sessionStorage["fathom.key"]]);
    assert.ok(!stored[0].includes(process.env.FATHOM_KEY), "the key is kept beyond the tab");
    assert.equal(stored[1], process.env.FATHOM_KEY);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Forget the API key" }).click();
    await dialog.waitFor();
    assert.equal(await field(page).count(), 1);
  }, { key: "", expected: [/401/] }));
