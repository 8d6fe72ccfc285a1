// The messages from top to bottom, kept at the end while an answer grows unless the reader has
// scrolled up.
import { useEffect, useRef } from "preact/hooks";
import { app } from "../app_state.js";
import { pathOf } from "../conversation.js";
import { Mark } from "./icons.jsx";
import { Answer, UserMessage } from "./message.jsx";

const NEAR_END = 80;  // pixels

function Welcome() {
  const groups = (app.offer?.tool_groups ?? []).filter((group) => !group.problem);
  const count = groups.reduce((sum, group) => sum + group.tools.length, 0);
  return (
    <div class="welcome">
      <Mark />
      <h2>What is on your mind?</h2>
      {app.offer && (
        <p>
          {app.conversation.settings.model}, with a window of{" "}
          {app.offer.context_tokens.toLocaleString("en")} tokens
          {count > 0 && ` and ${count} ${count === 1 ? "tool" : "tools"} to choose from in the settings`}.
        </p>
      )}
    </div>
  );
}

export function Thread() {
  const frame = useRef(null);
  const inner = useRef(null);
  const follows = useRef(true);
  const path = pathOf(app.conversation);
  const id = app.conversation.id;
  const toEnd = () => {
    if (follows.current) frame.current.scrollTop = frame.current.scrollHeight;
  };
  useEffect(() => {
    const observer = new ResizeObserver(toEnd);
    observer.observe(inner.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    follows.current = true;
    toEnd();
  }, [id, path.length]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = frame.current;
    follows.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
  };
  return (
    <div class="thread" ref={frame} onScroll={onScroll} tabIndex={0} role="region" aria-label="Messages">
      <div class="column" ref={inner}>
        {path.length === 0 && <Welcome />}
        {path.map((node) => node.role === "user"
          ? <UserMessage key={node.id} node={node} />
          : <Answer key={node.id} node={node} />)}
      </div>
    </div>
  );
}
