// One message: what a person wrote, or an answer with its thinking, tools and notices.
import { useEffect, useRef, useState } from "preact/hooks";
import { app, choose, edit, retry } from "../app_state.js";
import { copyText } from "../clipboard.js";
import { siblingsOf, textOfAnswer } from "../conversation.js";
import { contextText, guardText, prettyJson } from "../transfer.js";
import { useTouch } from "../use.js";
import { Icon } from "./icons.jsx";
import { Markdown } from "./markdown.jsx";

// More of a tool's result than a person reads at once is shown on demand.
const MOST_RESULT = 8000;

export function seconds(value) {
  if (value < 0.001) return "under 1 ms";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

const tokens = (count) => (count === 1 ? "1 token" : `${count.toLocaleString("en")} tokens`);

function Branches({ node }) {
  const siblings = siblingsOf(app.conversation, node);
  if (siblings.length < 2) return null;
  const at = siblings.indexOf(node.id);
  return (
    <span class="branches" role="group" aria-label="Versions of this message">
      <button type="button" class="plain" aria-label="Previous version" disabled={at === 0}
        onClick={() => choose(node, -1)}>
        <Icon name="left" />
      </button>
      <span aria-label={`Version ${at + 1} of ${siblings.length}`}>{at + 1}/{siblings.length}</span>
      <button type="button" class="plain" aria-label="Next version" disabled={at + 1 === siblings.length}
        onClick={() => choose(node, 1)}>
        <Icon name="right" />
      </button>
    </span>
  );
}

function CopyButton({ text, label }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    setSaid((await copyText(text())) ? "Copied" : "Not copied");
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <button type="button" class="plain" onClick={copy} aria-label={label} title={label}>
      {said || <Icon name="copy" />}
    </button>
  );
}

function Editor({ node, onEnd }) {
  const field = useRef(null);
  const [text, setText] = useState(node.text);
  useEffect(() => {
    field.current.focus();
    field.current.setSelectionRange(node.text.length, node.text.length);
  }, []);
  const done = () => {
    const words = field.current.value;  // `text` may be a keystroke behind on a busy machine
    if (!words.trim()) return;
    onEnd();
    if (words !== node.text) edit(node, words);
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onEnd();
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      done();
    }
  };
  return (
    <div class="editor">
      <textarea ref={field} aria-label="Edit message" rows={Math.min(12, text.split("\n").length + 1)}
        value={text} onInput={(event) => setText(event.target.value)} onKeyDown={onKeyDown} />
      <div class="editor-buttons">
        <button type="button" onClick={onEnd}>Cancel</button>
        <button type="button" class="main" onClick={done}>Send</button>
      </div>
    </div>
  );
}

export function UserMessage({ node }) {
  useTouch(node.id);
  const [editing, setEditing] = useState(false);
  return (
    <article class="message user" aria-label="You" data-id={node.id} tabIndex={-1}>
      {editing
        ? <Editor node={node} onEnd={() => setEditing(false)} />
        : <div class="words">{node.text}</div>}
      <div class="message-foot">
        <Branches node={node} />
        <button type="button" class="plain edit" aria-label="Edit message" title="Edit message"
          onClick={() => setEditing(true)}>
          <Icon name="edit" />
        </button>
        <CopyButton text={() => node.text} label="Copy message" />
      </div>
    </article>
  );
}

function Reasoning({ part, live }) {
  const [open, setOpen] = useState(false);
  const count = part.tokens ? ` · ${tokens(part.tokens)}` : "";
  return (
    <details class="reasoning" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class={live ? "live" : ""}>
        {live ? `Thinking${count}` : `Thought for ${seconds(part.seconds ?? 0)}${count}`}
      </summary>
      {open && <Markdown text={part.text} live={live} />}
    </details>
  );
}

const CALL_STATES = {
  writing: { label: "being written" },
  running: { label: "running" },
  stopped: { label: "stopped", icon: "cross" },
  done: { label: "done", icon: "check" },
  failed: { label: "failed", icon: "cross" },
};

function Result({ text }) {
  const [whole, setWhole] = useState(text.length <= MOST_RESULT);
  return (
    <>
      <pre tabIndex={0}>{prettyJson(whole ? text : text.slice(0, MOST_RESULT))}</pre>
      {!whole && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </>
  );
}

function Call({ part }) {
  const state = part.failed ? "failed" : part.state;
  const { label, icon } = CALL_STATES[state];
  return (
    <details class={`call ${state}`}>
      <summary>
        <Icon name="tool" />
        <span class="call-name">{part.name}</span>
        <span class="call-state">
          {icon && <Icon name={icon} />}
          {label}
          {part.seconds !== null && ` · ${seconds(part.seconds)}`}
        </span>
      </summary>
      <div class="call-body">
        <h3>Arguments</h3>
        <pre tabIndex={0}>{prettyJson(part.arguments)}</pre>
        {part.result !== null && <h3>{part.failed ? "Error" : "Result"}</h3>}
        {part.result !== null && <Result text={part.result} />}
      </div>
    </details>
  );
}

function Context({ part }) {
  return (
    <div class="note">
      {contextText(part)}
      {part.summary !== null && (
        <details>
          <summary>Summary</summary>
          <Markdown text={part.summary} live={false} />
        </details>
      )}
    </div>
  );
}

function Part({ part, live }) {
  switch (part.kind) {
    case "reasoning":
      return <Reasoning part={part} live={live && part.seconds === null} />;
    case "content":
      return <Markdown text={part.text} live={live} />;
    case "call":
      return <Call part={part} />;
    case "guard":
      return <div class="note">{guardText(part)}</div>;
    case "context":
      return <Context part={part} />;
    default:
      return null;
  }
}

const ENDS = {
  length: "The answer reached its most tokens and stops here.",
  rounds: "The most rounds with tools were used up.",
  limit: "A limit of the server ended the answer.",
};

const STATES = {
  stopped: "Stopped.",
  unfinished: "Not finished: the tab that asked was closed, or is still writing.",
};

function repairsText(end) {
  if (!Array.isArray(end?.repairs) || end.repairs.length === 0) return null;
  const names = end.repairs.map((name) => String(name).replaceAll("_", " "));
  return `The model's markup was repaired: ${[...new Set(names)].join(", ")}.`;
}

// What is to be said of how the answer ended, if anything.
function End({ node }) {
  if (node.error) {
    return (
      <div class="note error" role="alert">
        <span>{node.error.message}</span>
        <button type="button" onClick={() => retry(node)}>Try again</button>
      </div>
    );
  }
  const words = [
    STATES[node.state] ?? null,
    ENDS[node.end?.reason] ?? null,
    repairsText(node.end),
  ].filter(Boolean);
  return words.length > 0 ? <div class="note">{words.join(" ")}</div> : null;
}

export function Answer({ node }) {
  useTouch(node.id);
  const live = node.state === "running";
  const last = node.parts.length - 1;
  return (
    <article class="message answer" aria-label="Answer" aria-busy={live} data-id={node.id} tabIndex={-1}>
      {node.parts.map((part, at) => <Part key={at} part={part} live={live && at === last} />)}
      {live && node.parts.length === 0 && <p class="waiting">Waiting for the model</p>}
      <End node={node} />
      <div class="message-foot">
        <Branches node={node} />
        {!live && (
          <>
            <button type="button" class="plain retry" aria-label="Answer again" title="Answer again"
              onClick={() => retry(node)}>
              <Icon name="retry" />
            </button>
            <CopyButton text={() => textOfAnswer(node)} label="Copy answer" />
          </>
        )}
      </div>
    </article>
  );
}
