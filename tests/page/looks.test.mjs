// How the page looks and is used without a mouse: contrast, narrow windows, the keyboard.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import {
  answered, ask, closeBrowser, eventually, field, lastAnswer, lastUser, openBrowser, ready, think,
  useTools, withPage,
} from "./browser.mjs";

before(openBrowser);
after(closeBrowser);

// Pictures for docs/page.md, where FATHOM_PICTURES names a folder.
async function picture(page, name) {
  const folder = process.env.FATHOM_PICTURES;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}/${name}.png` });
}

// Every text that can be seen whose contrast with what is behind it is below 4.5 (WCAG 2.1, 1.4.3);
// disabled controls are exempt there. Colours are read through a canvas, which knows all notations.
function faintTexts(page) {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const ground = (element) => {
      if (element === null) return [255, 255, 255, 1];
      const own = rgba(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, ground(element.parentElement));
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    };
    const faint = [];
    let seen = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() === "" || element.closest(".out-of-sight, .katex-mathml, :disabled")) continue;
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const behind = ground(element);
      const ratio = contrast(over(rgba(getComputedStyle(element).color), behind), behind);
      ++seen;
      if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
    }
    for (const input of document.querySelectorAll("input, textarea")) {
      const behind = ground(input);
      const ratio = contrast(rgba(getComputedStyle(input, "::placeholder").color), behind);
      if (input.placeholder && ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${input.placeholder}`);
    }
    return { faint, seen };
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`contrast, ${colorScheme}`, () => withPage(async (page) => {
    const check = async (least) => {
      const { faint, seen } = await faintTexts(page);
      assert.deepEqual(faint, []);
      assert.ok(seen >= least, `only ${seen} texts were seen`);
    };
    await ready(page);
    await check(5);
    await ask(page, "Show me what you can.");
    await lastAnswer(page).locator(".hljs-keyword").first().waitFor();
    await lastAnswer(page).locator(".katex").first().waitFor();
    await check(60);
    await picture(page, colorScheme);
    await useTools(page);
    await think(page);
    await ask(page, "Divide by zero.");
    for (const summary of await lastAnswer(page).locator("summary").all()) await summary.click();
    await check(60);
    await picture(page, `${colorScheme}-tools`);
    for (const dialog of ["Settings", "Keyboard shortcuts", "Export this conversation"]) {
      await page.getByRole("button", { name: dialog }).click();
      await page.getByRole("dialog").waitFor();
      await check(60);
      if (dialog === "Settings") await picture(page, `${colorScheme}-settings`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    // The other theme by choice, against the system's.
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await ground();
    const other = colorScheme === "light" ? "dark" : "light";
    for (let i = 0; i < 3 && !(await page.getByRole("button", { name: `Theme: ${other}` }).count()); ++i) {
      await page.getByRole("button", { name: /^Theme/ }).click();
      await page.waitForTimeout(50);
    }
    assert.notEqual(await ground(), before);
    await check(60);
    await page.reload();
    await lastAnswer(page).locator("summary").first().waitFor();
    assert.notEqual(await ground(), before);
  }, { colorScheme }));
}

for (const width of [320, 390, 768]) {
  test(`${width} pixels wide`, () => withPage(async (page) => {
    await useTools(page);
    await think(page);
    for (const text of ["Something wide.", "Attack me.", "Show me what you can."]) await ask(page, text);
    await lastAnswer(page).locator(".katex").first().waitFor();
    const tooWide = () => page.evaluate(() => [document.documentElement, document.querySelector(".thread"),
      ...document.querySelectorAll("dialog")]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => `${element.tagName} ${element.className} ${element.scrollWidth}`));
    assert.deepEqual(await tooWide(), []);
    if (width === 390) await picture(page, "phone");
    const count = await page.locator(".message").count();
    await field(page).fill("one");
    await field(page).press("Enter");
    assert.equal(await field(page).inputValue(), "one\n");
    assert.equal(await page.locator(".message").count(), count);
    for (const summary of await page.locator(".message summary").all()) await summary.click();
    assert.deepEqual(await tooWide(), []);
    for (const dialog of ["Settings", "Export this conversation"]) {
      await page.getByRole("button", { name: dialog }).click();
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await tooWide(), []);
      await page.keyboard.press("Escape");
    }
    // Nothing of the list can be reached while it is not shown.
    assert.equal(await page.getByRole("button", { name: "New conversation" }).count(), 0);
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByRole("button", { name: "New conversation" }).click();
    await eventually(() => page.locator(".message").count(), 0);
  }, { viewport: { width, height: 800 }, hasTouch: true, isMobile: true }));
}

test("a whole conversation by keyboard alone", () => withPage(async (page) => {
  const press = (key) => page.keyboard.press(key);
  await ready(page);
  await eventually(() => field(page).evaluate((input) => input === document.activeElement), true);
  await page.keyboard.type("Say one.");
  await press("Shift+Enter");
  await page.keyboard.type("Please.");
  await press("Enter");
  await answered(page);
  assert.equal(await lastUser(page).locator(".words").innerText(), "Say one.\nPlease.");
  // Escape leaves the field; single keys do the rest.
  await press("Escape");
  await press("e");
  await eventually(() => page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Edit message");
  await press("ControlOrMeta+a");
  await page.keyboard.type("Say two.");
  await press("Enter");
  await answered(page);
  await lastAnswer(page).getByText("Two.").waitFor();
  await press("r");
  await lastAnswer(page).getByText("2/2").waitFor();
  await answered(page);
  await press("[");
  await lastAnswer(page).getByText("1/2").waitFor();
  await press("]");
  await lastAnswer(page).getByText("2/2").waitFor();
  await press("k");
  assert.equal(await page.evaluate(() => document.activeElement.className), "message answer");
  await press("k");
  assert.equal(await page.evaluate(() => document.activeElement.className), "message user");
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await press("i");
  await page.keyboard.type("Write without end.");
  await press("Enter");
  await lastAnswer(page).getByText("Line 2 of a text").waitFor();
  await press("Escape");
  await lastAnswer(page).getByText("Stopped.").waitFor();
  await press("Escape");
  await press("s");
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await press("/");
  await eventually(() => page.evaluate(() => document.activeElement.closest(".search") !== null), true);
  await page.keyboard.type("two");
  await eventually(() => page.locator(".list .row").count(), 1);
  await press("Escape");
  await press("n");
  await eventually(() => page.locator(".message").count(), 0);
}));

test("everything can be reached with the Tab key, and is seen to be", () => withPage(async (page) => {
  await ask(page, "Show me what you can.");
  await page.evaluate(() => document.activeElement.blur());
  const reached = new Set();
  const unseen = [];
  for (let i = 0; i < 60; ++i) {
    await page.keyboard.press("Tab");
    const { name, seen } = await page.evaluate(() => {
      const element = document.activeElement;
      const frame = element.closest(".composer") ?? element;  // the field's frame shows it
      const style = getComputedStyle(frame);
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      return {
        name: element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40),
        seen: element === document.body || outlined || frame.matches(".composer:focus-within"),
      };
    });
    if (!seen) unseen.push(name);
    reached.add(name);
  }
  assert.deepEqual(unseen, []);
  for (const name of ["New conversation", "Search conversations", "Export all conversations",
    "Import conversations", "Keyboard shortcuts", "Settings", "Edit message", "Copy message",
    "Copy code", "Answer again", "Copy answer", "Message", "Rename Show me what you can.",
    "Delete Show me what you can.", "Skip to the message field"]) {
    assert.ok(reached.has(name), `${name} is not reached: ${[...reached].join(", ")}`);
  }
}));

test("what is not drawn is said", () => withPage(async (page) => {
  await useTools(page);
  await page.evaluate(() => {
    window.said = [];
    const status = document.querySelector('[role="status"]');
    new MutationObserver(() => window.said.push(status.textContent))
      .observe(status, { childList: true, characterData: true, subtree: true });
  });
  await ask(page, "What is 6 times 7?");
  await eventually(() => page.evaluate(() => window.said.at(-1)), "Answer complete");
  const unnamed = await page.evaluate(() => [...document.querySelectorAll("button, input, textarea, select")]
    .filter((each) => !each.closest("[aria-hidden]") && !each.getAttribute("aria-label") && !each.textContent.trim() && !each.labels?.length)
    .map((each) => each.outerHTML));
  assert.deepEqual(unnamed, []);
}));

test("who wants no motion gets none", () => withPage(async (page) => {
  await ask(page, "Say hello.");
  const moving = await page.evaluate(() => document.getAnimations().length +
    [...document.querySelectorAll("*")].filter((each) => parseFloat(getComputedStyle(each).transitionDuration) > 0).length);
  assert.equal(moving, 0);
}, { reducedMotion: "reduce" }));
