// Reads a stream of server-sent events: event: and data: lines, a blank line behind each event.
// Comments, ids and retry times are left out. Works on pieces cut anywhere.

// No single event of the server comes near: what is longer is an error, not a growing buffer.
const MAX_EVENT = 32 << 20;

export function eventReader(onEvent) {
  const decoder = new TextDecoder();
  let rest = "";
  let name = "";
  let data = [];

  function line(text) {
    if (text === "") {
      if (data.length > 0) onEvent(name || "message", data.join("\n"));
      name = "";
      data = [];
      return;
    }
    if (text.startsWith(":")) return;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    let value = colon < 0 ? "" : text.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }

  return function push(bytes) {
    const searched = rest.length;
    rest += decoder.decode(bytes, { stream: true });
    if (rest.length > MAX_EVENT) throw new Error("an event of the server is too long");
    let from = 0;
    for (let end; (end = rest.indexOf("\n", Math.max(from, searched))) >= 0; from = end + 1) {
      line(rest.slice(from, rest[end - 1] === "\r" && end > from ? end - 1 : end));
    }
    rest = rest.slice(from);
  };
}
