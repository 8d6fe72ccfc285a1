// Conversations kept in the browser, in IndexedDB. Bounded, and says so when it is full: a page that
// forgets silently is worse than one that asks to clean up.
//
// Two stores, so that the list is read without the messages: `list` has {id, title, updated,
// created, bytes}, `conversations` the whole ones.

import { unite } from "./conversation.js";

export const MAX_BYTES = 64 << 20;
export const MAX_CONVERSATIONS = 500;

export class FullError extends Error {}

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const committed = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error ?? new Error("the browser gave up"));
});

export async function openStore() {
  const opening = indexedDB.open("fathom", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("list", { keyPath: "id" });
    opening.result.createObjectStore("conversations", { keyPath: "id" });
  };
  return new Store(await done(opening));
}

class Store {
  constructor(database) {
    this.database = database;
    this.channel = new BroadcastChannel("fathom");
  }

  // Another tab of this page has written or removed a conversation: callback({id, removed}).
  onChange(callback) {
    this.channel.onmessage = (event) => callback(event.data);
  }

  async list() {
    const rows = await done(this.database.transaction("list").objectStore("list").getAll());
    return rows.sort((a, b) => b.updated - a.updated);
  }

  load(id) {
    return done(this.database.transaction("conversations").objectStore("conversations").get(id));
  }

  async loadAll() {
    return done(this.database.transaction("conversations").objectStore("conversations").getAll());
  }

  // Takes what other tabs have kept of it into the conversation first. Returns the row of the list.
  // FullError when there is no room; what was kept before stays.
  async save(conversation) {
    const transaction = this.database.transaction(["list", "conversations"], "readwrite");
    const ended = committed(transaction);
    ended.catch(() => {});  // awaited below, unless something fails before
    let row;
    try {
      const list = transaction.objectStore("list");
      const kept = await done(transaction.objectStore("conversations").get(conversation.id));
      if (kept) unite(conversation, kept);
      row = rowOf(conversation);
      const others = (await done(list.getAll())).filter((each) => each.id !== row.id);
      if (others.length >= MAX_CONVERSATIONS) {
        throw new FullError(`${MAX_CONVERSATIONS} conversations are kept already`);
      }
      if (others.reduce((sum, each) => sum + each.bytes, row.bytes) > MAX_BYTES) {
        throw new FullError(`the conversations kept would be more than ${MAX_BYTES >> 20} MB`);
      }
      list.put(row);
      transaction.objectStore("conversations").put(conversation);
      transaction.commit();
      await ended;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has ended by itself.
      }
      if (error.name === "QuotaExceededError") throw new FullError("the browser has no more room");
      throw error;
    }
    this.channel.postMessage({ id: row.id, removed: false });
    return row;
  }

  async remove(id) {
    const transaction = this.database.transaction(["list", "conversations"], "readwrite");
    transaction.objectStore("list").delete(id);
    transaction.objectStore("conversations").delete(id);
    await committed(transaction);
    this.channel.postMessage({ id, removed: true });
  }

  // Ids of the conversations in which anybody says this, without regard to case.
  async search(text) {
    const wanted = text.toLowerCase();
    const found = new Set();
    const cursor = this.database.transaction("conversations").objectStore("conversations").openCursor();
    return new Promise((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const at = cursor.result;
        if (at === null) return resolve(found);
        if (says(at.value, wanted)) found.add(at.value.id);
        at.continue();
      };
    });
  }
}

function rowOf(conversation) {
  return {
    id: conversation.id,
    title: conversation.title,
    created: conversation.created,
    updated: conversation.updated,
    bytes: JSON.stringify(conversation).length,
  };
}

function says(conversation, wanted) {
  if (conversation.title.toLowerCase().includes(wanted)) return true;
  return Object.values(conversation.nodes).some((node) =>
    node.role === "user"
      ? node.text.toLowerCase().includes(wanted)
      : node.parts.some((part) => part.text?.toLowerCase().includes(wanted)));
}
