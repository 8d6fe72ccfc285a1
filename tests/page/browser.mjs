// A browser and the page in it, watched: a test fails when anything of what it opened wrote an
// error to the console, broke the page's policy, opened a dialog or asked another host.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

const { FATHOM_URL, FATHOM_KEY = "", CHROMIUM = "/usr/bin/chromium" } = process.env;
assert.ok(FATHOM_URL, "FATHOM_URL: the address of a server that plays script.json");

let browser = null;

export async function openBrowser() {
  // Without the sandbox, which needs rights that containers do not give.
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}
export const closeBrowser = () => browser.close();

// Reports go into `faults`, but for those that a test brings about on purpose: `expected` are their
// patterns.
async function watch(page, faults, expected) {
  const report = (text) => expected.some((pattern) => pattern.test(text)) || faults.push(text);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) report(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => report(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    report(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("popup", () => report("a window was opened"));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(FATHOM_URL).origin && protocol !== "data:" && protocol !== "blob:") {
      report(`request: ${request.url()}`);
    }
  });
  await page.exposeBinding("reportViolation", (_, text) => report(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
}

// Runs `use(page, context, tab)` in a browser without a past; `tab(address)` opens another page in it.
// `key`: the API key that is in place.
export async function withPage(use, { key = FATHOM_KEY, expected = [], before, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 820 }, ...options });
  const faults = [];
  try {
    await context.addInitScript((value) => {
      if (value && window.origin !== "null") sessionStorage.setItem("fathom.key", value);
    }, key);
    const blank = async () => {
      const page = await context.newPage();
      page.setDefaultTimeout(15000);
      await watch(page, faults, expected);
      return page;
    };
    const tab = async (address) => {
      const page = await blank();
      await page.goto(address);
      return page;
    };
    const page = await blank();
    if (before) await before(page, context);
    await page.goto(FATHOM_URL);
    await use(page, context, tab);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

export const field = (page) => page.getByRole("textbox", { name: "Message", exact: true });
export const answers = (page) => page.locator(".answer");
export const lastAnswer = (page) => page.locator(".answer").last();
export const lastUser = (page) => page.locator(".user").last();

export async function ready(page) {
  await page.locator("button.model:enabled").waitFor();
}

// Until the last answer is complete.
export async function answered(page) {
  await page.locator('.message:last-child.answer[aria-busy="false"]').waitFor();
}

export async function ask(page, text) {
  await ready(page);
  await field(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await answered(page);
}

// Waits until `look()` gives `expected`; says what it gave last when it never does.
export async function eventually(look, expected) {
  let found;
  for (const end = Date.now() + 30000; Date.now() < end;) {
    found = await look();
    if (isDeepStrictEqual(found, expected)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(found, expected);
}

// Changes the settings, with the dialog open while `change(dialog)` runs.
export async function withSettings(page, change) {
  await ready(page);
  await page.getByRole("button", { name: "Settings" }).click();
  const dialog = page.getByRole("dialog", { name: "Settings" });
  await change(dialog);
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
}

export const think = (page, how = "on") =>
  withSettings(page, (dialog) => dialog.getByLabel("Thinking", { exact: true }).selectOption(how));

export const useTools = (page) =>
  withSettings(page, (dialog) => dialog.getByRole("checkbox", { name: "builtin" }).check());
