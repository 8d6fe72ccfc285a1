// Shows Markdown that may still be growing. Blocks that did not change keep their elements, so a
// long answer costs a frame no more than a short one, and a selection in it survives.
import { useLayoutEffect, useRef } from "preact/hooks";
import { copyText } from "../clipboard.js";
import { blocksOf, fragmentOf } from "../markdown.js";

// Beyond this, colouring a block again at every frame would be felt.
const LIVE_HIGHLIGHT = 20000;
const MOST_HIGHLIGHT = 200000;

// A part of the page that is fetched when it is first needed. Used at once when it is there, so
// that nothing flickers from plain to finished at every frame.
function late(load) {
  let loaded = null;
  let loading = null;
  return (use) => {
    if (loaded !== null) return use(loaded);
    loading ??= load().then((module) => (loaded = module));
    loading.then(use, () => {});  // stays plain: readable all the same
    return undefined;
  };
}
const withHighlighter = late(() => import("../highlight.js"));
const withMathematics = late(() => import("../math.js"));

function copyButton(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy code");
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(code.textContent)) ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

function finishCode(pre, growing) {
  const code = pre.querySelector("code");
  const language = code.className.replace("language-", "");
  const box = document.createElement("div");
  box.className = "code";
  const head = document.createElement("div");
  head.className = "code-head";
  const name = document.createElement("span");
  name.textContent = language || "text";
  head.append(name, copyButton(code));
  pre.replaceWith(box);
  pre.tabIndex = 0;  // wide code is scrolled with the arrow keys
  box.append(head, pre);
  if (!language || code.textContent.length > (growing ? LIVE_HIGHLIGHT : MOST_HIGHLIGHT)) return;
  withHighlighter(({ highlight }) => {
    const html = highlight(code.textContent, language);
    if (html !== null) code.replaceChildren(fragmentOf(html));
  });
}

function finishTable(table) {
  const frame = document.createElement("div");
  frame.className = "table";
  frame.tabIndex = 0;
  table.replaceWith(frame);
  frame.append(table);
}

function finishMath(elements) {
  withMathematics(({ typeset }) => {
    for (const element of elements) {
      typeset(element, element.textContent, element.classList.contains("display"));
    }
  });
}

// What sanitised HTML can't carry: colours, buttons, formulas.
function finish(box, growing) {
  for (const pre of box.querySelectorAll("pre")) finishCode(pre, growing);
  for (const table of box.querySelectorAll("table")) finishTable(table);
  const formulas = box.querySelectorAll(".math");
  if (formulas.length > 0) finishMath(formulas);
}

function makeBlock(block, growing) {
  const box = document.createElement("div");
  box.className = "block";
  box.append(fragmentOf(block.html()));
  finish(box, growing);
  return { key: block.key, growing, box };
}

function update(root, shown, text, live) {
  const blocks = blocksOf(text);
  const next = blocks.map((block, at) => {
    const growing = live && at === blocks.length - 1;
    const before = shown[at];
    if (before?.key === block.key && before.growing === growing) return before;
    const made = makeBlock(block, growing);
    if (before) before.box.replaceWith(made.box);
    else root.append(made.box);
    return made;
  });
  for (const extra of shown.slice(blocks.length)) extra.box.remove();
  return next;
}

export function Markdown({ text, live }) {
  const root = useRef(null);
  const shown = useRef([]);
  useLayoutEffect(() => {
    shown.current = update(root.current, shown.current, text, live);
  }, [text, live]);
  return <div class="markdown" ref={root} />;
}
