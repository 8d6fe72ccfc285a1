// What this conversation asks of the server. New conversations begin with the last ones.
import { useId, useState } from "preact/hooks";
import { app, changeSettings, forgetKey } from "../app_state.js";
import { apiKey } from "../server.js";
import { NUMBERS } from "../settings.js";
import { Dialog } from "./dialogs.jsx";

function Choice({ label, value, options, onChange }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
      </select>
    </div>
  );
}

function Amount({ spec, settings, defaults }) {
  const { name, label, min, max, step, of } = spec;
  const id = useId();
  const [text, setText] = useState(settings[name] ?? "");
  // A number that does not fit is marked and not taken over; the one before stays.
  const onInput = (event) => {
    const field = event.target;
    const value = field.value === "" ? null : Number(field.value);
    const fits = !field.validity.badInput && (value === null ||
      (value >= min && value <= max && (step !== 1 || Number.isInteger(value))));
    field.setCustomValidity(fits ? "" : `${min} to ${max}`);
    setText(field.value);
    if (fits) changeSettings({ [name]: value });
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="number" min={min} max={max} step={step === 1 ? 1 : "any"} inputMode="decimal"
        value={text} placeholder={defaults[of] ?? "server's choice"} onInput={onInput}
        onBlur={(event) => event.target.reportValidity()} />
    </div>
  );
}

const STRATEGIES = {
  keep: "Say so and stop",
  summary: "Go on with a summary",
  "discard-75": "Leave out the oldest three quarters",
  "discard-all": "Leave out all rounds",
};

function Group({ group, chosen, onChange }) {
  return (
    <div class="group">
      <label class="check">
        <input type="checkbox" checked={chosen} disabled={Boolean(group.problem)}
          onChange={(event) => onChange(event.target.checked)} />
        {group.name}
      </label>
      {group.problem && <p class="wrong">{group.problem}</p>}
      {group.tools.length > 0 && (
        <details>
          <summary>{group.tools.length === 1 ? "1 tool" : `${group.tools.length} tools`}</summary>
          <ul>
            {group.tools.map((tool) => (
              <li key={tool.name}><code>{tool.name}</code> {tool.description}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Tools({ settings }) {
  const groups = app.offer.tool_groups;
  const choose = (name, chosen) => changeSettings({
    groups: chosen ? [...settings.groups, name] : settings.groups.filter((each) => each !== name),
  });
  return (
    <fieldset>
      <legend>Tools</legend>
      {groups.length === 0 && <p class="soft">This server was started without tools.</p>}
      {groups.map((group) => (
        <Group key={group.name} group={group} chosen={settings.groups.includes(group.name)}
          onChange={(chosen) => choose(group.name, chosen)} />
      ))}
    </fieldset>
  );
}

export function Settings({ onClose }) {
  const { settings } = app.conversation;
  const { offer } = app;
  if (!offer) return null;
  const { defaults } = offer;
  const thinking = defaults.thinking ? "on" : "off";
  return (
    <Dialog title="Settings" className="side" onClose={onClose}>
      <Choice label="Model" value={settings.model} options={offer.models.map((name) => [name, name])}
        onChange={(model) => changeSettings({ model })} />
      <div class="field">
        <label for="system-prompt">System prompt</label>
        <textarea id="system-prompt" rows={5} value={settings.system}
          onInput={(event) => changeSettings({ system: event.target.value })} />
      </div>
      <Choice label="Thinking" value={settings.thinking}
        options={[["default", `as the model's name says, else ${thinking}`], ["on", "on"], ["off", "off"]]}
        onChange={(value) => changeSettings({ thinking: value })} />
      <div class="pair">
        {NUMBERS.map((spec) => <Amount key={spec.name} spec={spec} settings={settings} defaults={defaults} />)}
      </div>
      <Choice label="When the window is nearly full" value={settings.context}
        options={[
          ["", `server's choice (${(STRATEGIES[defaults.context] ?? defaults.context).toLowerCase()})`],
          ...offer.strategies.map((name) => [name, STRATEGIES[name] ?? name]),
        ]}
        onChange={(context) => changeSettings({ context })} />
      <Tools settings={settings} />
      {apiKey.get() && (
        <button type="button" onClick={() => { onClose(); forgetKey(); }}>Forget the API key</button>
      )}
    </Dialog>
  );
}
