// What the page knows and does: the one mutable place. Views subscribe to names and draw again when
// one of them is touched: "app" for everything around the messages, a node's id for that message
// alone, which is what keeps a long conversation fast while its last answer grows.
import * as tree from "./conversation.js";
import { FullError, openStore } from "./keep.js";
import { apiKey, loadOffer, requestBody, ServerError, streamAnswer } from "./server.js";
import { EMPTY_SETTINGS, fitSettings, readSettings } from "./settings.js";
import { readFile } from "./transfer.js";

const LAST_SETTINGS = "fathom.settings";
const SAVE_EVERY_MS = 1000;
const SETTINGS_PAUSE_MS = 400;

const listeners = new Map();

export function subscribe(name, callback) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(callback);
  return () => listeners.get(name).delete(callback);
}

// At most once a frame and name; in a hidden tab, where there are no frames, once shown again.
const touched = new Set();
export function touch(name) {
  if (touched.size === 0) requestAnimationFrame(flush);
  touched.add(name);
}
function flush() {
  const names = [...touched];
  touched.clear();
  for (const name of names) listeners.get(name)?.forEach((callback) => callback());
}

export const app = {
  offer: null,         // GET /v1/agent
  problem: null,       // why there is no offer
  keyAsked: null,      // "" or why the key was refused, while one is asked for
  notice: null,        // {text, kind} above the composer
  store: null,
  list: [],            // rows of kept conversations
  found: null,         // Set of ids while searching
  searching: "",
  conversation: null,  // the one that is shown
  loaded: new Map(),   // id → conversation, of those with a run or shown
  runs: new Map(),     // conversation id → {answer, controller}
  removed: new Set(),  // ids: a run that is being stopped must not bring its conversation back
  announcement: "",    // for screen readers
};

export function lastSettings() {
  try {
    return readSettings(JSON.parse(localStorage.getItem(LAST_SETTINGS) ?? "null"));
  } catch {
    return structuredClone(EMPTY_SETTINGS);
  }
}

export function say(text) {
  app.announcement = text;
  touch("announcement");
}

export function notify(text, kind = "error") {
  app.notice = text === null ? null : { text, kind };
  touch("app");
}

// --- the server ---

export async function connect() {
  try {
    app.offer = await loadOffer();
    app.problem = null;
    app.keyAsked = null;
    if (app.conversation) {
      app.conversation.settings = fitSettings(app.conversation.settings, app.offer);
    }
  } catch (error) {
    if (error.status === 401) askForKey();
    else app.problem = error.message;
  }
  touch("app");
}

function askForKey() {
  app.keyAsked = apiKey.get() ? "The server does not know this key." : "";
  apiKey.set("");
}

export function giveKey(key) {
  apiKey.set(key.trim());
  return connect();
}

export function forgetKey() {
  apiKey.set("");
  app.offer = null;
  return connect();
}

// --- conversations ---

export async function begin() {
  const id = location.hash.slice(1);
  showNew();
  try {
    app.store = await openStore();
    app.store.onChange(otherTab);
    await refreshList();
    if (app.list.some((row) => row.id === id)) await show(id);
  } catch {
    notify("This browser keeps nothing for the page: conversations are lost when it is closed.");
  }
  await connect();
}

// Another tab has written or removed a conversation, which may be one that is open here.
async function otherTab({ id, removed }) {
  const open = app.loaded.get(id) ?? (app.conversation.id === id ? app.conversation : null);
  if (open && removed) {
    const shown = app.conversation.id === id;
    forget(id);
    if (shown) notify("This conversation was deleted in another tab.");
  } else if (open) {
    const kept = await app.store.load(id);
    if (kept) {
      tree.unite(open, kept);
      open.title = kept.title;
      open.named = kept.named;
    }
  }
  await refreshList();
}

async function refreshList() {
  app.list = await app.store.list();
  if (app.searching) app.found = await app.store.search(app.searching);
  touch("app");
}

export function showNew() {
  app.conversation = tree.newConversation(fitSettings(lastSettings(), app.offer));
  history.replaceState(null, "", location.pathname);
  app.notice = null;
  touch("app");
}

export async function show(id) {
  let conversation = app.loaded.get(id);
  if (!conversation) {
    conversation = await app.store.load(id);
    if (!conversation) return refreshList();  // another tab has deleted it
    tree.settleKept(conversation);
  }
  conversation.settings = fitSettings(readSettings(conversation.settings), app.offer);
  app.conversation = conversation;
  history.replaceState(null, "", `#${id}`);
  app.notice = null;
  return touch("app");
}

export async function keep(conversation) {
  if (!app.store || app.removed.has(conversation.id)) return;
  try {
    const row = await app.store.save(conversation);
    app.list = [row, ...app.list.filter((each) => each.id !== row.id)]
      .sort((a, b) => b.updated - a.updated);
    if (app.notice?.kind === "full") app.notice = null;
  } catch (error) {
    const why = error instanceof FullError ? error.message : "the browser refused to";
    notify(`This conversation is not being kept: ${why}. Export or delete some, then go on.`, "full");
  }
  touch("app");
}

export function rename(id, title) {
  return change(id, (conversation) => {
    conversation.title = tree.titleFrom(title);
    conversation.named = true;
  });
}

async function change(id, edit) {
  const held = app.loaded.get(id) ?? (app.conversation.id === id ? app.conversation : null);
  const conversation = held ?? (await app.store.load(id));
  if (!conversation) return refreshList();
  edit(conversation);
  return keep(conversation);
}

export async function remove(id) {
  forget(id);
  await app.store.remove(id);
  await refreshList();
}

function forget(id) {
  app.removed.add(id);
  stop(id);
  app.loaded.delete(id);
  if (app.conversation.id === id) showNew();
}

export async function search(text) {
  app.searching = text.trim();
  app.found = null;
  if (app.searching && app.store) {
    const found = await app.store.search(app.searching);
    if (app.searching !== text.trim()) return;  // typed on meanwhile
    app.found = found;
  }
  touch("app");
}

export async function importFile(file) {
  try {
    const conversations = await readFile(file);
    for (const conversation of conversations) {
      await keep(conversation);
      if (app.notice?.kind === "full") return;
    }
    await refreshList();
    if (conversations.length > 0) await show(conversations[0].id);
    say(`${conversations.length} conversations imported`);
  } catch (error) {
    notify(`${file.name} was not imported: ${error.message}.`);
  }
}

let settingsTimer = 0;

export function changeSettings(changes) {
  const conversation = app.conversation;
  conversation.settings = { ...conversation.settings, ...changes };
  try {
    localStorage.setItem(LAST_SETTINGS, JSON.stringify(conversation.settings));
  } catch {
    // They hold for this conversation all the same.
  }
  // Letter by letter, where a text is typed: kept once there is a pause.
  clearTimeout(settingsTimer);
  settingsTimer = setTimeout(() => {
    if (conversation.roots.length > 0) keep(conversation);
  }, SETTINGS_PAUSE_MS);
  touch("app");
}

// --- asking ---

export const running = (id) => app.runs.has(id);

export function stop(id) {
  app.runs.get(id)?.controller.abort();
}

export function send(text) {
  const conversation = app.conversation;
  const path = tree.pathOf(conversation);
  const user = tree.addUser(conversation, path.at(-1)?.id ?? null, text);
  return answer(conversation, user);
}

// The message as it now reads, beside the one it was.
export function edit(node, text) {
  const conversation = app.conversation;
  return answer(conversation, tree.addUser(conversation, node.parent, text));
}

export function retry(node) {
  const conversation = app.conversation;
  return answer(conversation, conversation.nodes[node.parent]);
}

export function choose(node, step) {
  const conversation = app.conversation;
  const siblings = tree.siblingsOf(conversation, node);
  const id = siblings[siblings.indexOf(node.id) + step];
  if (id === undefined) return;
  tree.select(conversation, conversation.nodes[id]);
  keep(conversation);
  touch("app");
}

async function answer(conversation, user) {
  stop(conversation.id);
  app.notice = null;
  const messages = tree.messagesFor(conversation, user.id);
  const node = tree.addAnswer(conversation, user.id, conversation.settings.model);
  const run = { answer: node, controller: new AbortController() };
  conversation.updated = Date.now();
  app.loaded.set(conversation.id, conversation);
  app.runs.set(conversation.id, run);
  history.replaceState(null, "", `#${conversation.id}`);
  touch("app");
  say("Asking");
  await keep(conversation);
  await follow(conversation, run, requestBody(conversation.settings, messages));
  if (app.runs.get(conversation.id) === run) app.runs.delete(conversation.id);
  conversation.updated = Date.now();
  touch(node.id);
  touch("strip");
  await keep(conversation);
  // Only now: whoever opens it meanwhile must not find an older one in the store.
  if (app.conversation !== conversation && !running(conversation.id)) {
    app.loaded.delete(conversation.id);
  }
}

async function follow(conversation, run, body) {
  const node = run.answer;
  let saved = Date.now();
  try {
    await streamAnswer(body, run.controller.signal, (name, data) => {
      tree.applyEvent(node, name, data);
      announce(name, node, data);
      touch(node.id);
      if (name === "stats") touch("strip");
      if (Date.now() - saved > SAVE_EVERY_MS) {
        saved = Date.now();
        keep(conversation);
      }
    });
  } catch (error) {
    if (error.name === "AbortError") {
      tree.cutOff(node, "stopped");
      return say("Stopped");
    }
    const own = error instanceof ServerError;
    tree.cutOff(node, "failed", own ? error.message : "The server's answer can't be read.");
    if (error.status === 401) {
      askForKey();
      touch("app");
    }
  }
  return say(node.error ? `Error: ${node.error.message}` : "Answer complete");
}

// Whole paragraphs, not tokens: a screen reader reads at its own pace.
function announce(name, node, data) {
  if (name === "call") return say(`Tool ${data.name} is called`);
  if (name === "tool") return say(`Tool ${data.name} ${data.failed ? "failed" : "has answered"}`);
  const last = node.parts.at(-1);
  if (name === "reasoning" && last?.text === data.text) return say("Thinking");
  if (name !== "content" || last?.kind !== "content") return undefined;
  const end = last.text.lastIndexOf("\n\n");
  if (end > (last.said ?? 0)) {
    say(last.text.slice(last.said ?? 0, end));
    last.said = end;
  }
  return undefined;
}
