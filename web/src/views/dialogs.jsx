// Dialogs: the browser's own element keeps the keyboard inside and closes on Escape.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { app, giveKey } from "../app_state.js";
import licenses from "../licenses.txt?url";
import { download, fileNameOf, toJson, toMarkdown } from "../transfer.js";
import { Icon } from "./icons.jsx";

export function Dialog({ title, onClose, className = "", children, closable = true }) {
  const element = useRef(null);
  // Closing gives the focus back to what had it. At once, not after the next picture: whoever types
  // on must not lose it again.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  const onCancel = (event) => {
    event.preventDefault();
    if (closable) onClose();
  };
  // A click on the dialog's own surface is one beside its contents.
  const onClick = (event) => closable && event.target === element.current && onClose();
  return (
    <dialog ref={element} class={className} aria-label={title} onCancel={onCancel} onClick={onClick}>
      <div class="dialog-inner">
        <header>
          <h2>{title}</h2>
          {closable && (
            <button type="button" class="plain" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Ask({ title, words, yes, onYes, onClose }) {
  return (
    <Dialog title={title} className="small" onClose={onClose}>
      <p>{words}</p>
      <div class="dialog-buttons">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class="main danger" onClick={() => { onYes(); onClose(); }}>{yes}</button>
      </div>
    </Dialog>
  );
}

export function AskKey() {
  const [key, setKey] = useState("");
  return (
    <Dialog title="API key" className="small" closable={false}>
      <form onSubmit={(event) => { event.preventDefault(); if (key.trim()) giveKey(key); }}>
        <p>This server answers to those who have a key. It stays in this tab and is forgotten with it.</p>
        {app.keyAsked && <p class="wrong" role="alert">{app.keyAsked}</p>}
        <input type="password" aria-label="API key" autoComplete="off" value={key} autoFocus
          onInput={(event) => setKey(event.target.value)} />
        <div class="dialog-buttons">
          <button type="submit" class="main" disabled={!key.trim()}>Continue</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Export({ onClose }) {
  const conversation = app.conversation;
  const take = (ending, type, text) => {
    download(fileNameOf(conversation, ending), type, text);
    onClose();
  };
  return (
    <Dialog title="Export this conversation" className="small" onClose={onClose}>
      <p>Markdown holds the messages as they are shown; JSON holds all versions and can be imported again.</p>
      <div class="dialog-buttons">
        <button type="button" onClick={() => take("md", "text/markdown", toMarkdown(conversation))}>
          Markdown
        </button>
        <button type="button" class="main"
          onClick={() => take("json", "application/json", toJson([conversation]))}>
          JSON
        </button>
      </div>
    </Dialog>
  );
}

export function Shortcuts({ shortcuts, enabled, onEnabled, onClose }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <table class="keys">
        <tbody>
          <tr><th scope="row"><kbd>Enter</kbd></th><td>send</td></tr>
          <tr><th scope="row"><kbd>Shift</kbd> <kbd>Enter</kbd></th><td>new line</td></tr>
          <tr><th scope="row"><kbd>Escape</kbd></th><td>stop the answer; leave the message field</td></tr>
          {shortcuts.map(({ key, words }) => (
            <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{words}</td></tr>
          ))}
        </tbody>
      </table>
      <label class="check">
        <input type="checkbox" checked={enabled} onChange={(event) => onEnabled(event.target.checked)} />
        Single keys work outside of text fields
      </label>
      <p><a href={licenses} target="_blank" rel="noopener">Licences of what this page is built from</a></p>
    </Dialog>
  );
}
