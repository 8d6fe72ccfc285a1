// The server's two doors for this page: what it offers, and an answer with tools.
import { eventReader } from "./events.js";

const KEY = "fathom.key";

// For this tab and until it is closed; never in the lasting store.
export const apiKey = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (key) => (key ? sessionStorage.setItem(KEY, key) : sessionStorage.removeItem(KEY)),
};

export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;  // 0: the server was not reached
  }
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (apiKey.get()) headers.Authorization = `Bearer ${apiKey.get()}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server can't be reached. Is it still running?", 0);
  }
  if (response.ok) return response;
  let message = `The server answered with status ${response.status}.`;
  try {
    const body = await response.json();
    if (typeof body.error?.message === "string") message = body.error.message;
  } catch {
    // Not the server's own words: the status says what there is to say.
  }
  throw new ServerError(message, response.status);
}

export async function loadOffer() {
  return (await request("/v1/agent")).json();
}

// What a conversation's settings ask for; what they leave open is the server's to choose.
export function requestBody(settings, messages) {
  const body = { model: settings.model, messages, tool_groups: settings.groups };
  if (settings.thinking !== "default") {
    body.thinking = { type: settings.thinking === "on" ? "enabled" : "disabled" };
  }
  const numbers = {
    thinking_budget: settings.budget,
    temperature: settings.temperature,
    top_p: settings.topP,
    max_tokens: settings.maxTokens,
    max_rounds: settings.rounds,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== null) body[name] = value;
  }
  if (settings.context) body.context = settings.context;
  return body;
}

// Calls onEvent(name, data) until the answer is complete. Ends with an exception when it is not:
// AbortError after signal, ServerError otherwise.
export async function streamAnswer(body, signal, onEvent) {
  const response = await request("/v1/agent", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  let complete = false;
  const push = eventReader((name, text) => {
    if (complete) return;
    onEvent(name, JSON.parse(text));
    complete = name === "done" || name === "error";
  });
  const reader = response.body.getReader();
  try {
    while (!complete) {
      const { done, value } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new ServerError("The connection was lost before the answer was complete.", 0);
      });
      if (done) throw new ServerError("The connection ended before the answer was complete.", 0);
      push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
