// The whole page, and what its keys do.
import { useEffect, useState } from "preact/hooks";
import { app, begin, choose, running, showNew, stop } from "../app_state.js";
import { pathOf, siblingsOf } from "../conversation.js";
import { useTouch } from "../use.js";
import { Composer } from "./composer.jsx";
import { AskKey, Export, Shortcuts } from "./dialogs.jsx";
import { Icon } from "./icons.jsx";
import { Settings } from "./settings.jsx";
import { Sidebar } from "./sidebar.jsx";
import { Thread } from "./thread.jsx";

const THEME = "fathom.theme";
const THEMES = ["system", "light", "dark"];
const SINGLE_KEYS = "fathom.single-keys";

function remembered(name, values) {
  const value = localStorage.getItem(name);
  return values.includes(value) ? value : values[0];
}

function useTheme() {
  const [theme, setTheme] = useState(remembered(THEME, THEMES));
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(THEME, theme);
  }, [theme]);
  return [theme, () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length])];
}

const lastOf = (selector) => [...document.querySelectorAll(selector)].at(-1);

// The last message of which there are several versions.
function chooseLast(step) {
  const path = pathOf(app.conversation);
  const node = path.findLast((each) => siblingsOf(app.conversation, each).length > 1);
  if (node) choose(node, step);
}

function moveTo(step) {
  const messages = [...document.querySelectorAll(".message")];
  const at = messages.indexOf(document.activeElement?.closest(".message"));
  const next = at < 0 ? messages.at(step < 0 ? -1 : 0) : messages[at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function shortcutsFor({ open, onTheme }) {
  return [
    { key: "?", words: "this list", run: () => open("shortcuts") },
    { key: "i", words: "write a message", run: () => document.getElementById("composer").focus() },
    { key: "n", words: "new conversation", run: showNew },
    { key: "/", words: "search the conversations", run: () => open("search") },
    { key: "s", words: "settings", run: () => open("settings") },
    { key: "x", words: "export this conversation", run: () => open("export") },
    { key: "e", words: "edit the last message", run: () => lastOf(".edit")?.click() },
    { key: "r", words: "answer again", run: () => lastOf(".retry")?.click() },
    { key: "[", words: "previous version of the last message that has several", run: () => chooseLast(-1) },
    { key: "]", words: "its next version", run: () => chooseLast(1) },
    { key: "j", words: "next message", run: () => moveTo(1) },
    { key: "k", words: "previous message", run: () => moveTo(-1) },
    { key: "t", words: "theme: system, light, dark", run: onTheme },
  ];
}

const isTextField = (element) =>
  element.matches("textarea, select, input:not([type=checkbox]):not([type=file])");

function useKeys(shortcuts, enabled) {
  useEffect(() => {
    const onKeyDown = (event) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        if (running(app.conversation.id)) stop(app.conversation.id);
        else if (isTextField(event.target)) event.target.blur();
        return;
      }
      if (!enabled || event.ctrlKey || event.metaKey || event.altKey || isTextField(event.target)) return;
      const shortcut = shortcuts.find(({ key }) => key === event.key);
      if (!shortcut) return;
      event.preventDefault();
      shortcut.run();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
}

function Announcer() {
  useTouch("announcement");
  return <div class="out-of-sight" role="status" aria-live="polite">{app.announcement}</div>;
}

export function Page() {
  useTouch("app");
  const [dialog, setDialog] = useState(null);
  const [sidebar, setSidebar] = useState(false);
  const [theme, onTheme] = useTheme();
  const [singleKeys, setSingleKeys] = useState(remembered(SINGLE_KEYS, ["on", "off"]) === "on");
  const open = (name) => {
    if (name !== "search") return setDialog(name);
    setSidebar(true);
    return setTimeout(() => document.getElementById("search").focus());
  };
  const shortcuts = shortcutsFor({ open, onTheme });
  useKeys(shortcuts, singleKeys);
  useEffect(() => void begin(), []);
  useEffect(() => {
    document.title = app.conversation?.roots.length ? `${app.conversation.title} · Fathom` : "Fathom";
  });
  if (!app.conversation) return null;
  const close = () => setDialog(null);
  return (
    <div class="page">
      <a class="skip" href="#composer" onClick={(event) => {
        event.preventDefault();
        document.getElementById("composer").focus();
      }}>Skip to the message field</a>
      <Sidebar open={sidebar} onClose={() => setSidebar(false)} theme={theme} onTheme={onTheme}
        onShortcuts={() => open("shortcuts")} />
      <main>
        <header class="bar">
          <button type="button" class="plain only-narrow" aria-label="Conversations"
            onClick={() => setSidebar(true)}>
            <Icon name="menu" />
          </button>
          <h1>{app.conversation.title}</h1>
          <button type="button" class="plain" aria-label="Export this conversation" title="Export (x)"
            disabled={app.conversation.roots.length === 0} onClick={() => open("export")}>
            <Icon name="export" />
          </button>
          <button type="button" class="plain model" aria-label="Settings" title="Settings (s)"
            disabled={!app.offer} onClick={() => open("settings")}>
            <span>{app.conversation.settings.model}</span>
            <Icon name="settings" />
          </button>
        </header>
        <Thread />
        <Composer />
      </main>
      <Announcer />
      {app.keyAsked !== null && <AskKey />}
      {dialog === "settings" && <Settings onClose={close} />}
      {dialog === "export" && app.conversation.roots.length > 0 && <Export onClose={close} />}
      {dialog === "shortcuts" && (
        <Shortcuts shortcuts={shortcuts} enabled={singleKeys} onClose={close} onEnabled={(on) => {
          setSingleKeys(on);
          localStorage.setItem(SINGLE_KEYS, on ? "on" : "off");
        }} />
      )}
    </div>
  );
}
