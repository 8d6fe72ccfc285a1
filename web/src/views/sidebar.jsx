// The conversations that the browser keeps: look for, open, rename, delete, bring in and take out.
import { useEffect, useRef, useState } from "preact/hooks";
import { app, importFile, remove, rename, running, search, show, showNew } from "../app_state.js";
import { download, toJson } from "../transfer.js";
import { Ask } from "./dialogs.jsx";
import { Icon, Mark } from "./icons.jsx";

const SEARCH_DELAY_MS = 150;

function dayOf(time) {
  const start = new Date();
  start.setHours(0, 0, 0, 0);
  const days = Math.ceil((start - time) / 86400000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Last 7 days";
  return days <= 30 ? "Last 30 days" : "Older";
}

function Renaming({ row, onEnd }) {
  const field = useRef(null);
  useEffect(() => field.current.select(), []);
  const ended = useRef(false);  // taking the field away takes the focus from it, too
  const end = (takes) => {
    if (ended.current) return;
    ended.current = true;
    const name = field.current.value;
    if (takes && name.trim() && name !== row.title) rename(row.id, name);
    onEnd();
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") {
      event.stopPropagation();
      end(false);
    }
  };
  return <input class="renaming" ref={field} aria-label="New name" maxLength={200}
    defaultValue={row.title} onKeyDown={onKeyDown} onBlur={() => end(true)} />;
}

function Row({ row, onShow, onRemove }) {
  const [renaming, setRenaming] = useState(false);
  const current = app.conversation.id === row.id;
  if (renaming) return <li><Renaming row={row} onEnd={() => setRenaming(false)} /></li>;
  return (
    <li class={current ? "current" : ""}>
      <button type="button" class="row" aria-current={current ? "page" : undefined}
        onClick={() => onShow(row.id)}>
        {running(row.id) && <span class="dot" aria-label="being answered" />}
        {row.title}
      </button>
      <span class="row-buttons">
        <button type="button" class="plain" aria-label={`Rename ${row.title}`} title="Rename"
          onClick={() => setRenaming(true)}>
          <Icon name="edit" />
        </button>
        <button type="button" class="plain" aria-label={`Delete ${row.title}`} title="Delete"
          onClick={() => onRemove(row)}>
          <Icon name="trash" />
        </button>
      </span>
    </li>
  );
}

function groupsOf(rows) {
  const groups = [];
  for (const row of rows) {
    const day = dayOf(row.updated);
    if (groups.at(-1)?.day !== day) groups.push({ day, rows: [] });
    groups.at(-1).rows.push(row);
  }
  return groups;
}

function List({ onShow, onRemove }) {
  const rows = app.searching && app.found ? app.list.filter((row) => app.found.has(row.id)) : app.list;
  if (rows.length === 0) {
    return <p class="empty">{app.searching ? "Nothing found." : "Conversations will stand here. They stay in this browser."}</p>;
  }
  return groupsOf(rows).map(({ day, rows: inside }) => (
    <section key={day}>
      <h2>{day}</h2>
      <ul>
        {inside.map((row) => <Row key={row.id} row={row} onShow={onShow} onRemove={onRemove} />)}
      </ul>
    </section>
  ));
}

export function Sidebar({ open, onClose, theme, onTheme, onShortcuts }) {
  const file = useRef(null);
  const timer = useRef(0);
  const [removing, setRemoving] = useState(null);
  const onSearch = (event) => {
    clearTimeout(timer.current);
    const text = event.target.value;
    timer.current = setTimeout(() => search(text), SEARCH_DELAY_MS);
  };
  const exportAll = async () =>
    download("fathom-conversations.json", "application/json", toJson(await app.store.loadAll()));
  const themes = { system: "screen", light: "sun", dark: "moon" };
  const showOne = (id) => {
    show(id);
    onClose();
  };
  return (
    <>
      {open && <div class="shade" onClick={onClose} />}
      <nav class={`sidebar ${open ? "open" : ""}`} aria-label="Conversations">
        <div class="brand">
          <Mark />
          <span>Fathom</span>
          <button type="button" class="plain" aria-label="New conversation" title="New conversation"
            onClick={() => { showNew(); onClose(); }}>
            <Icon name="plus" />
          </button>
        </div>
        <div class="search">
          <Icon name="search" />
          <input id="search" type="search" aria-label="Search conversations" placeholder="Search"
            onInput={onSearch} />
        </div>
        <div class="list"><List onShow={showOne} onRemove={setRemoving} /></div>
        <div class="tools">
          <button type="button" class="plain" aria-label="Import conversations" title="Import"
            onClick={() => file.current.click()}>
            <Icon name="import" />
          </button>
          <input type="file" ref={file} class="out-of-sight" tabIndex={-1} aria-hidden="true"
            accept="application/json,.json" onChange={(event) => {
              if (event.target.files[0]) importFile(event.target.files[0]);
              event.target.value = "";
            }} />
          <button type="button" class="plain" aria-label="Export all conversations"
            title="Export all" disabled={app.list.length === 0} onClick={exportAll}>
            <Icon name="export" />
          </button>
          <button type="button" class="plain" aria-label={`Theme: ${theme}`} title={`Theme: ${theme}`}
            onClick={onTheme}>
            <Icon name={themes[theme]} />
          </button>
          <button type="button" class="plain" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"
            onClick={onShortcuts}>
            <Icon name="keyboard" />
          </button>
        </div>
      </nav>
      {removing && (
        <Ask title="Delete this conversation?" words={removing.title} yes="Delete"
          onYes={() => remove(removing.id)} onClose={() => setRemoving(null)} />
      )}
    </>
  );
}
