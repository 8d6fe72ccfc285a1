// The field where a message is written. Its draft outlives a look at another conversation.
import { useEffect, useRef, useState } from "preact/hooks";
import { app, connect, notify, running, send, stop } from "../app_state.js";
import { Icon } from "./icons.jsx";
import { Strip } from "./strip.jsx";

const drafts = new Map();
const MOST_HEIGHT = 260;  // pixels

const hasMouse = () => matchMedia("(hover: hover)").matches;

function Notice() {
  if (app.problem) {
    return (
      <div class="banner error" role="alert">
        <span>{app.problem}</span>
        <button type="button" onClick={connect}>Try again</button>
      </div>
    );
  }
  if (!app.notice) return null;
  return (
    <div class="banner error" role="alert">
      <span>{app.notice.text}</span>
      <button type="button" class="plain" aria-label="Dismiss" onClick={() => notify(null)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

export function Composer() {
  const id = app.conversation.id;
  const field = useRef(null);
  const [text, setText] = useState("");
  const busy = running(id);
  useEffect(() => {
    setText(drafts.get(id) ?? "");
    if (hasMouse()) field.current.focus();  // on a phone, the keyboard would cover the page
  }, [id]);
  useEffect(() => {
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(MOST_HEIGHT, field.current.scrollHeight)}px`;
  }, [text]);
  const write = (value) => {
    drafts.set(id, value);
    setText(value);
  };
  const submit = () => {
    const words = field.current.value;  // `text` may be a keystroke behind on a busy machine
    if (!words.trim() || busy || !app.offer) return;
    write("");
    send(words);
  };
  // On a touch screen, where Shift is far, Enter is a new line and the button sends.
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !hasMouse()) return;
    event.preventDefault();
    submit();
  };
  return (
    <footer class="foot">
      <div class="column">
        <Notice />
        <form class="composer" onSubmit={(event) => { event.preventDefault(); submit(); }}>
          <textarea id="composer" ref={field} rows={1} value={text} aria-label="Message"
            placeholder="Write a message" onKeyDown={onKeyDown}
            onInput={(event) => write(event.target.value)} />
          {busy
            ? (
              <button type="button" class="main round" aria-label="Stop" title="Stop (Escape)"
                onClick={() => stop(id)}>
                <span class="square" />
              </button>
            )
            : (
              <button type="submit" class="main round" aria-label="Send" title="Send (Enter)"
                disabled={!text.trim() || !app.offer}>
                <Icon name="send" />
              </button>
            )}
        </form>
        <Strip key={id} />
      </div>
    </footer>
  );
}
