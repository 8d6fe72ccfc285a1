// Runs the scenarios of one client, prints a line for each, and ends with 1 at the first wrong thing.
//
// The server is at FATHOM_URL and takes FATHOM_KEY; its model plays tests/clients/script.json.
import assert from 'node:assert/strict';

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`error: ${name} is not set`);
  process.exit(2);
}
export const url = required('FATHOM_URL').replace(/\/$/, '');
export const key = required('FATHOM_KEY');

// The names that stand for the model without and with thinking.
export const plainModel = 'deepseek-chat';
export const thinkingModel = 'deepseek-reasoner';

// A scenario that hangs has failed.
const patience = 60_000;

export async function run(client, scenarios) {
  for (const [title, scenario] of Object.entries(scenarios)) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not over after ${patience / 1000} s`)), patience);
    });
    try {
      await Promise.race([scenario(), late]);
    } catch (error) {
      console.log(`WRONG  ${client}: ${title}`);
      console.error(error);
      process.exit(1);
    } finally {
      clearTimeout(timer);
    }
    console.log(`ok     ${client}: ${title}`);
  }
  // Kept connections would hold the process open.
  process.exit(0);
}

// The error that `action` ends with.
export async function errorOf(action) {
  try {
    await action();
  } catch (error) {
    return error;
  }
  assert.fail('there was no error');
}

// Nothing of the model's own markup ever reaches a client.
export function assertClean(...texts) {
  for (const text of texts) {
    assert.doesNotMatch(text ?? '', /think>|DSML|｜|function_calls/, 'markup reached the client');
  }
}

// --- What the script's tool knows, and what the script then says.

const weather = {
  Oslo: 'rain, 4 degrees',
  Rome: 'sun, 24 degrees',
  Lima: 'fog, 17 degrees',
  Cairo: 'dust, 33 degrees',
  Bergen: 'rain, 6 degrees',
  Madrid: 'sun, 31 degrees',
};
export const getWeather = ({ city }) => {
  assert.ok(city in weather, `the tool was asked for ${city}`);
  return `${city}: ${weather[city]}`;
};
export const toolDescription = 'The weather of the next days';
export const toolParameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};

export const hello = { ask: 'Say hello.', answer: 'Hello from the script.' };
export const thoughtful = {
  ask: 'Think, then say hello.',
  reasoning: 'The user wants a greeting.\nA short one.',
  answer: 'Hello after a thought.',
};
// Two rounds of a tool, without and with thinking.
export const rounds = {
  ask: 'Where to, Oslo or Rome?',
  calls: [
    { city: 'Oslo', days: 1 },
    { city: 'Rome', days: 1 },
  ],
  said: ['I will ask for Oslo first.', 'And now Rome.'],
  answer: 'Rome it is: sun, 24 degrees.',
};
export const thinkingRounds = {
  ask: 'Where to, Lima or Cairo?',
  calls: [
    { city: 'Lima', days: 1 },
    { city: 'Cairo', days: 1 },
  ],
  reasoning: ['I know neither; Lima first.', 'Fog in Lima. Cairo next.', 'Both are known now.'],
  answer: 'Lima has fog, Cairo has dust; stay at home.',
};
// Two calls in one answer.
export const parallel = {
  ask: 'Compare Bergen and Madrid.',
  calls: [
    { city: 'Bergen', days: 2 },
    { city: 'Madrid', days: 3 },
  ],
  said: 'Both at once.',
  answer: 'Madrid is warmer than Bergen.',
};
// Forms that the server guarantees. The script says the first as it should be and knows nothing of
// a form in the others.
export const sky = {
  asJson: 'The sky as JSON.',
  json: { sky: 'rain', windy: true },
  inWords: 'The sky in words.',
  thinking: 'Think about the sky.',
  reasoning: 'It may rain.',
  schema: {
    type: 'object',
    properties: { sky: { enum: ['rain', 'sun'] }, windy: { type: 'boolean' } },
    required: ['sky', 'windy'],
    additionalProperties: false,
  },
};
export function assertSky(value) {
  assert.deepEqual(Object.keys(value).sort(), ['sky', 'windy']);
  assert.ok(['rain', 'sun'].includes(value.sky), value.sky);
  assert.equal(typeof value.windy, 'boolean');
}
// Reasoning that a budget ends.
export const endless = { ask: 'Think without end.', begins: 'Perhaps 0. Perhaps 1.', answer: 'Enough.' };
// Long enough that an abort comes in the middle.
export const long = { ask: 'Count to two thousand.', last: ' 2000' };
