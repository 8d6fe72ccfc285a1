// Conversations in files: JSON that can be read back, and Markdown to read.
import { newId, pathOf, titleFrom } from "./conversation.js";
import { readSettings } from "./settings.js";

const FORMAT = "fathom-conversations";
const MAX_FILE = 64 << 20;
const MAX_NODES = 20000;

export function toJson(conversations) {
  return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 1);
}

// A fence longer than every run of backticks inside.
function fenced(text, language) {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function partToMarkdown(part) {
  switch (part.kind) {
    case "content":
      return part.text.trim();
    case "reasoning":
      return part.text.trim().replace(/^/gm, "> ");
    case "call":
      return [
        `**Tool \`${part.name}\`**`,
        fenced(prettyJson(part.arguments), "json"),
        part.result === null ? "_No result._" : fenced(part.result, ""),
      ].join("\n\n");
    case "guard":
      return `_${guardText(part)}_`;
    case "context":
      return `_${contextText(part)}_`;
    default:
      return "";
  }
}

// The path that is looked at.
export function toMarkdown(conversation) {
  const blocks = [`# ${conversation.title}`];
  if (conversation.settings.system.trim()) {
    blocks.push("## System", conversation.settings.system.trim());
  }
  for (const node of pathOf(conversation)) {
    if (node.role === "user") {
      blocks.push("## You", node.text);
    } else {
      blocks.push(`## ${node.model || "Answer"}`, ...node.parts.map(partToMarkdown).filter(Boolean));
      if (node.error) blocks.push(`_${node.error.message}_`);
    }
  }
  return blocks.join("\n\n") + "\n";
}

export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;  // still being written, or never was JSON
  }
}

export function guardText(part) {
  return part.reason === "loop"
    ? `The thinking went in circles and was ended after ${part.tokens} tokens.`
    : `The thinking reached its budget and was ended after ${part.tokens} tokens.`;
}

export function contextText(part) {
  const rounds = part.dropped === 1 ? "1 round" : `${part.dropped} rounds`;
  return `The conversation was shortened (${part.strategy}): ${part.before} to ${part.after} tokens, ` +
    `${rounds} left out, ${part.kept} kept.`;
}

export function fileNameOf(conversation, ending) {
  const name = conversation.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${name || "conversation"}.${ending}`;
}

const string = (value, otherwise = "") => (typeof value === "string" ? value : otherwise);
const number = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
const stringOrNull = (value) => (typeof value === "string" ? value : null);

const partReaders = {
  content: (part) => ({ text: string(part.text), closed: true }),
  reasoning: (part) => ({
    text: string(part.text), began: 0, seconds: number(part.seconds), tokens: number(part.tokens, null),
  }),
  call: (part) => ({
    id: string(part.id),
    name: string(part.name),
    arguments: string(part.arguments),
    state: part.state === "done" ? "done" : "stopped",
    result: stringOrNull(part.result),
    failed: part.failed === true,
    seconds: number(part.seconds, null),
  }),
  guard: (part) => ({ reason: string(part.reason), tokens: number(part.tokens) }),
  context: (part) => ({
    strategy: string(part.strategy),
    before: number(part.before),
    after: number(part.after),
    dropped: number(part.dropped),
    kept: number(part.kept),
    summary: stringOrNull(part.summary),
  }),
};

function readPart(part) {
  const read = Object.hasOwn(partReaders, part?.kind) ? partReaders[part.kind] : null;
  return read ? [{ kind: part.kind, ...read(part) }] : [];
}

// The server checks what it is sent; here only the shape counts.
function readMessages(value) {
  if (!Array.isArray(value)) return [];
  return value.filter((message) => message !== null && typeof message === "object" &&
    ["system", "user", "assistant", "tool"].includes(message.role));
}

function readStats(value) {
  if (value === null || typeof value !== "object") return null;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => Number.isFinite(each)));
}

function readNode(node, ids) {
  const common = {
    id: ids.get(node.id),
    parent: node.parent === null ? null : ids.get(node.parent),
    children: [],
    role: node.role,
    at: number(node.at),
  };
  if (node.role === "user") return { ...common, text: string(node.text) };
  return {
    ...common,
    parts: Array.isArray(node.parts) ? node.parts.flatMap(readPart) : [],
    base: Array.isArray(node.base) ? readMessages(node.base) : null,
    messages: readMessages(node.messages),
    pending: { content: "", reasoning: "" },
    state: ["done", "failed", "stopped"].includes(node.state) ? node.state : "unfinished",
    revision: number(node.revision),
    heard: 0,
    end: node.end !== null && typeof node.end === "object" ? { reason: string(node.end.reason) } : null,
    error: node.error ? { message: string(node.error.message) } : null,
    stats: readStats(node.stats),
    model: string(node.model),
  };
}

function readConversation(value) {
  if (value === null || typeof value !== "object" || value.nodes === null ||
      typeof value.nodes !== "object" || !Array.isArray(value.roots)) {
    throw new Error("a conversation in it has no messages");
  }
  // Everything gets a new id: what is there already stays, and no name from outside is a key here.
  const ids = new Map();
  const conversation = {
    id: newId(),
    title: titleFrom(string(value.title)),
    named: true,
    created: number(value.created, Date.now()),
    updated: number(value.updated, Date.now()),
    settings: readSettings(value.settings),
    nodes: {},
    roots: [],
    selected: {},
  };
  // From the top down, so that every node has a parent and none is its own ancestor.
  const queue = value.roots.map((id) => [id, null]);
  for (let at = 0; at < queue.length; ++at) {
    const [id, parent] = queue[at];
    const node = typeof id === "string" && Object.hasOwn(value.nodes, id) ? value.nodes[id] : null;
    if (!["user", "assistant"].includes(node?.role)) throw new Error("a message in it is missing");
    if (ids.has(id)) throw new Error("a message stands in two places of it");
    if (ids.size >= MAX_NODES) throw new Error(`a conversation in it has over ${MAX_NODES} messages`);
    ids.set(id, newId());
    const read = readNode({ ...node, id, parent }, ids);
    conversation.nodes[read.id] = read;
    (read.parent === null ? conversation.roots : conversation.nodes[read.parent].children).push(read.id);
    if (Array.isArray(node.children)) queue.push(...node.children.map((child) => [child, id]));
  }
  for (const [parent, child] of Object.entries(value.selected ?? {})) {
    const key = parent === "root" ? parent : ids.get(parent);
    if (key && ids.has(child)) conversation.selected[key] = ids.get(child);
  }
  return conversation;
}

// The conversations of a file. Errors say what is wrong with it, in a sentence's second half.
export async function readFile(file) {
  if (file.size > MAX_FILE) throw new Error(`it is larger than ${MAX_FILE >> 20} MB`);
  let value;
  try {
    value = JSON.parse(await file.text());
  } catch {
    throw new Error("it is not JSON");
  }
  if (value?.format !== FORMAT || !Array.isArray(value.conversations)) {
    throw new Error("it is not an export of this page");
  }
  if (value.version !== 1) throw new Error(`its version is ${value.version}, expected 1`);
  return value.conversations.map(readConversation);
}

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
