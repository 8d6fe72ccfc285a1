// A conversation as a tree of messages, and what of it is sent.
//
// Editing a message or asking again never loses anything: it adds a sibling. `selected` remembers
// which child of each message is looked at, so that the path from the top down is what a reader
// sees and what the next request holds.
//
//   conversation  {id, title, named, created, updated, settings, nodes, roots, selected}
//   user node     {id, parent, children, role: "user", text, at}
//   answer node   {id, parent, children, role: "assistant", parts, base, messages, pending, state,
//                  revision, heard, end, error, stats, model, at}
//
// `parts` are what is shown, in order; `messages` are what the server said joined the conversation;
// `base`, where not null, replaces everything before them (the server has shortened it). `revision`
// grows with all that happens to an answer: of two copies the one with more is the later. `state` is
// "running", "done", "failed", "stopped", or "unfinished": of a copy that another tab, or this one
// before it was closed, has kept while the answer came.

export const ROOT = "root";

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function newConversation(settings, now = Date.now()) {
  return {
    id: newId(),
    title: "New conversation",
    named: false,
    created: now,
    updated: now,
    settings: structuredClone(settings),
    nodes: {},
    roots: [],
    selected: {},
  };
}

export function childrenOf(conversation, parent) {
  return parent === null ? conversation.roots : conversation.nodes[parent].children;
}

export function siblingsOf(conversation, node) {
  return childrenOf(conversation, node.parent);
}

function addNode(conversation, node) {
  conversation.nodes[node.id] = node;
  childrenOf(conversation, node.parent).push(node.id);
  select(conversation, node);
  return node;
}

// From here on the path goes through this node.
export function select(conversation, node) {
  conversation.selected[node.parent ?? ROOT] = node.id;
}

export function addUser(conversation, parent, text, now = Date.now()) {
  if (!conversation.named && conversation.title === "New conversation") {
    conversation.title = titleFrom(text);
  }
  const node = { id: newId(), parent, children: [], role: "user", text, at: now };
  return addNode(conversation, node);
}

export function addAnswer(conversation, parent, model, now = Date.now()) {
  return addNode(conversation, {
    id: newId(),
    parent,
    children: [],
    role: "assistant",
    parts: [],
    base: null,
    messages: [],
    pending: { content: "", reasoning: "" },
    round: 0,
    state: "running",
    revision: 0,
    heard: now,
    end: null,
    error: null,
    stats: null,
    model,
    at: now,
  });
}

export function titleFrom(text) {
  const line = text.trim().split("\n", 1)[0].replace(/\s+/g, " ");
  const letters = Array.from(line);
  return letters.length > 60 ? letters.slice(0, 59).join("") + "…" : line || "New conversation";
}

// The nodes that are looked at, from the first message down.
export function pathOf(conversation) {
  const path = [];
  let parent = null;
  for (;;) {
    const children = childrenOf(conversation, parent);
    if (children.length === 0) return path;
    const chosen = conversation.selected[parent ?? ROOT];
    const id = children.includes(chosen) ? chosen : children[children.length - 1];
    path.push(conversation.nodes[id]);
    parent = id;
  }
}

// The way from the top to a node, the node included, whatever is selected.
export function pathTo(conversation, id) {
  const path = [];
  for (let at = id; at !== null; at = conversation.nodes[at].parent) {
    path.unshift(conversation.nodes[at]);
  }
  return path;
}

// What the server gets to answer the user node `id`: [{role, content, …}].
export function messagesFor(conversation, id) {
  let messages = [];
  for (const node of pathTo(conversation, id)) {
    if (node.role === "user") {
      messages.push({ role: "user", content: node.text });
      continue;
    }
    if (node.base !== null) messages = withoutSystem(node.base);
    messages.push(...node.messages);
  }
  const system = conversation.settings.system.trim();
  return system ? [{ role: "system", content: system }, ...messages] : messages;
}

// The settings hold the system prompt as it is now; the one of a shortened conversation is older.
function withoutSystem(messages) {
  return messages[0]?.role === "system" ? messages.slice(1) : [...messages];
}

// An answer that was cut off stands as far as it came. Every call gets a result, which the next
// request would be refused without.
export function settle(answer, state, now = Date.now()) {
  answer.state = state;
  closeReasoning(answer, now);
  const calls = new Map();
  for (const message of answer.messages) {
    for (const call of message.tool_calls ?? []) calls.set(call.id, call);
    if (message.role === "tool") calls.delete(message.tool_call_id);
  }
  for (const id of calls.keys()) {
    answer.messages.push({ role: "tool", tool_call_id: id, content: "Stopped before it was done." });
  }
  if (answer.pending.content.trim()) {
    answer.messages.push({ role: "assistant", content: answer.pending.content });
  }
  answer.pending = { content: "", reasoning: "" };
  for (const part of answer.parts) {
    if (part.kind === "call" && part.result === null) part.state = "stopped";
  }
}

// Of a copy that was kept: nobody here writes on, so its answers stand as far as they had come.
export function settleKept(conversation) {
  for (const node of Object.values(conversation.nodes)) {
    if (node.state === "running") settle(node, "unfinished", node.heard);
  }
}

// The end of an answer that no event told: stopped here, or the connection failed.
export function cutOff(answer, state, why = null) {
  settle(answer, state);
  if (why !== null) answer.error = { message: why };
  ++answer.revision;
}

function closeReasoning(answer, now) {
  const last = answer.parts[answer.parts.length - 1];
  if (last?.kind === "reasoning" && last.seconds === null) {
    last.seconds = Math.max(0, now - last.began) / 1000;
  }
}

function callPart(answer, id) {
  return answer.parts.findLast((part) => part.kind === "call" && part.id === id);
}

const numberOf = (value) => (Number.isFinite(value) ? value : 0);
const textOf = (value) => (typeof value === "string" ? value : "");

const handlers = {
  start(answer, data) {
    if (typeof data.model === "string") answer.model = data.model;
  },
  round(answer, data) {
    answer.round = numberOf(data.round);
  },
  reasoning(answer, data, now) {
    const last = answer.parts[answer.parts.length - 1];
    if (last?.kind === "reasoning" && last.seconds === null) {
      last.text += textOf(data.text);
    } else {
      answer.parts.push({
        kind: "reasoning", text: textOf(data.text), began: now, seconds: null, tokens: null,
        round: answer.round,
      });
    }
    answer.pending.reasoning += textOf(data.text);
  },
  content(answer, data, now) {
    closeReasoning(answer, now);
    const last = answer.parts[answer.parts.length - 1];
    if (last?.kind === "content" && !last.closed) last.text += textOf(data.text);
    else answer.parts.push({ kind: "content", text: textOf(data.text), closed: false });
    answer.pending.content += textOf(data.text);
  },
  call(answer, data, now) {
    closeReasoning(answer, now);
    answer.parts.push({
      kind: "call", id: textOf(data.id), name: textOf(data.name), arguments: "", state: "writing",
      result: null, failed: false, seconds: null,
    });
  },
  arguments(answer, data) {
    const part = callPart(answer, data.id);
    if (part) part.arguments += textOf(data.text);
  },
  call_end(answer, data) {
    const part = callPart(answer, data.id);
    if (part) part.state = "running";
  },
  tool(answer, data) {
    const part = callPart(answer, data.id);
    if (!part) return;
    part.state = "done";
    part.result = textOf(data.text);
    part.failed = data.failed === true;
    part.seconds = numberOf(data.seconds);
  },
  guard(answer, data, now) {
    closeReasoning(answer, now);
    answer.parts.push({
      kind: "guard", reason: textOf(data.kind), tokens: numberOf(data.reasoning_tokens),
    });
  },
  context(answer, data) {
    answer.parts.push({
      kind: "context",
      strategy: textOf(data.strategy),
      before: numberOf(data.before_tokens),
      after: numberOf(data.after_tokens),
      dropped: numberOf(data.dropped_rounds),
      kept: numberOf(data.kept_rounds),
      summary: typeof data.summary === "string" ? data.summary : null,
    });
  },
  stats(answer, data) {
    answer.stats = data;
    const part = answer.parts.findLast((each) => each.kind === "reasoning");
    if (part?.round === answer.round) part.tokens = numberOf(data.reasoning_tokens);
  },
  message(answer, data, now) {
    closeReasoning(answer, now);
    if (data.message === null || typeof data.message !== "object") return;
    answer.messages.push(data.message);
    if (data.message.role !== "assistant") return;
    answer.pending = { content: "", reasoning: "" };
    const last = answer.parts[answer.parts.length - 1];
    if (last?.kind === "content") last.closed = true;
  },
  messages(answer, data) {
    if (!Array.isArray(data.messages)) return;
    answer.base = data.messages;
    answer.messages = [];
  },
  done(answer, data) {
    settle(answer, "done");
    answer.end = data;
  },
  error(answer, data) {
    settle(answer, "failed");
    answer.error = { message: textOf(data.message) || "The server gave no reason." };
  },
};

// One event of the stream. Unknown ones are left alone: a newer server may have more to say.
export function applyEvent(answer, name, data, now = Date.now()) {
  if (!Object.hasOwn(handlers, name)) return;
  handlers[name](answer, data, now);
  answer.heard = now;
  ++answer.revision;
}

// Takes over what a copy of the same conversation, written by another tab, has and this one lacks.
// Nothing is taken away: messages are only ever added, so those of both tabs stay, as versions
// beside each other, and what is looked at here stays selected. `kept` is taken apart.
export function unite(conversation, kept) {
  const add = (ours, theirs) => {
    for (const id of theirs) if (!ours.includes(id)) ours.push(id);
  };
  settleKept(kept);
  for (const theirs of Object.values(kept.nodes)) {
    const ours = conversation.nodes[theirs.id];
    if (ours === undefined) {
      conversation.nodes[theirs.id] = theirs;
      continue;
    }
    add(ours.children, theirs.children);
    if (theirs.revision > ours.revision) Object.assign(ours, theirs, { children: ours.children });
  }
  add(conversation.roots, kept.roots);
  for (const [parent, id] of Object.entries(kept.selected)) conversation.selected[parent] ??= id;
  conversation.updated = Math.max(conversation.updated, kept.updated);
}

// The words of an answer, as a person would copy them.
export function textOfAnswer(answer) {
  return answer.parts
    .filter((part) => part.kind === "content")
    .map((part) => part.text.trim())
    .join("\n\n");
}
