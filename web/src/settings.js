// What a conversation asks of the server. null and "" leave the choice to the server.

export const EMPTY_SETTINGS = {
  model: "",
  system: "",
  thinking: "default",
  budget: null,
  temperature: null,
  topP: null,
  maxTokens: null,
  rounds: null,
  context: "",
  groups: [],
};

// The numbers a person may type: name, label, bounds, and whether only whole ones make sense.
export const NUMBERS = [
  { name: "temperature", label: "Temperature", min: 0, max: 2, step: 0.1, of: "temperature" },
  { name: "topP", label: "Top p", min: 0, max: 1, step: 0.05, of: "top_p" },
  { name: "maxTokens", label: "Most tokens of an answer", min: 1, max: 1000000, step: 1 },
  { name: "budget", label: "Most tokens of thinking", min: 0, max: 1000000, step: 1 },
  { name: "rounds", label: "Most rounds with tools", min: 1, max: 100, step: 1, of: "max_rounds" },
];

const MAX_SYSTEM = 1 << 20;

// Settings out of a file or an older page: what does not fit is left to the server.
export function readSettings(value) {
  const settings = structuredClone(EMPTY_SETTINGS);
  if (value === null || typeof value !== "object") return settings;
  const text = (name, most) => {
    if (typeof value[name] === "string" && value[name].length <= most) settings[name] = value[name];
  };
  text("model", 200);
  text("system", MAX_SYSTEM);
  text("context", 40);
  if (["default", "on", "off"].includes(value.thinking)) settings.thinking = value.thinking;
  for (const { name, min, max, step } of NUMBERS) {
    const number = value[name];
    if (!Number.isFinite(number) || number < min || number > max) continue;
    if (step === 1 && !Number.isInteger(number)) continue;
    settings[name] = number;
  }
  if (Array.isArray(value.groups)) {
    settings.groups = value.groups.filter((group) => typeof group === "string").slice(0, 64);
  }
  return settings;
}

// Names that this server does not have are given up for ones it has.
export function fitSettings(settings, offer) {
  if (offer === null) return settings;
  const known = offer.tool_groups.filter((group) => !group.problem).map((group) => group.name);
  return {
    ...settings,
    model: offer.models.includes(settings.model) ? settings.model : offer.models[0],
    groups: settings.groups.filter((group) => known.includes(group)),
    context: offer.strategies.includes(settings.context) ? settings.context : "",
  };
}
