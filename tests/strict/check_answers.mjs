// What the server answers under strict schemas is valid, as ajv sees it, whatever its model says.
//
//   FATHOM_URL=http://127.0.0.1:… node check_answers.mjs [REQUESTS [SEED [AT_ONCE]]]
//
// Prints how many answers and calls were judged, cut by a limit, and refused, and why. Ends with 1
// when one wasn't valid, when fewer than 1,000 were judged, or when 1 % or more were cut.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {APIS, ask} from './ask.mjs';
import {boundedArguments, boundedSchema} from './bounded_schema.mjs';
import {makeRandom} from './random_schema.mjs';

const [requests = '1050', seed = '1', atOnce = '12'] = process.argv.slice(2);
const LEAST_JUDGED = 1000;
const MOST_CUT = 0.01;

const ajv = new Ajv2020({strict: false, logger: false, validateFormats: true});
addFormats(ajv);
for (const [name, as] of [['idn-email', 'email'], ['iri', 'uri'], ['idn-hostname', 'hostname']]) {
  ajv.addFormat(name, ajv.formats[as]);
}

// A question that reaches every API in turn; half of them ask for JSON, half for calls.
function makeQuestion(random, index) {
  const api = Object.keys(APIS)[index % 3];
  const wantsCalls = index % 2 === 1;
  const tools = [];
  if (wantsCalls || random.chance(0.1)) {
    for (let i = 0; i <= random.below(3); ++i) tools.push({name: `tool_${i}`, parameters: boundedArguments(random)});
  }
  return {
    api,
    json: wantsCalls ? null : boundedSchema(random),
    tools,
    choice: wantsCalls ? random.pick(['auto', 'required', random.pick(tools).name]) : 'auto',
    several: random.chance(0.5),
    thinking: api !== 'messages' && random.chance(0.3),  // there a budget is 1,024 at least
    temperature: random.pick([0, 0, 1]),
    stream: random.chance(0.4),
    seed: index,
    count: api === 'chat' && random.chance(0.1) ? 2 : 1,
  };
}

const counts = {judged: {}, cut: 0, plain: 0, answers: 0};
const refused = new Map();
let failures = 0;

function fail(question, answer, why) {
  if (++failures <= 10) {
    console.log(`${why}\n  question ${JSON.stringify(question)}\n  answer   ${JSON.stringify(answer)}`);
  }
}

// Whether `text` is JSON of the schema: undefined, or what is wrong with it.
function wrongness(schema, text) {
  try {
    const validate = ajv.compile(schema);
    return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors);
  } catch (error) {
    return error.message;
  }
}

function count(what, api) {
  counts.judged[what] ??= {};
  counts.judged[what][api] = (counts.judged[what][api] ?? 0) + 1;
}

function judge(question, answer) {
  ++counts.answers;
  // Reasoning is free, and holds special tokens here: only those may have been left out.
  const ofReasoning = question.thinking ? ['stray_special', 'stray_think_tag'] : [];
  const repaired = (answer.repaired ?? []).filter((name) => !ofReasoning.includes(name));
  if (repaired.length > 0) return fail(question, answer, `repaired: ${repaired}`);
  for (const call of answer.calls) {
    const tool = question.tools.find(({name}) => name === call.name);
    if (tool === undefined) return fail(question, answer, `a call of '${call.name}'`);
    // Of a call that was cut off the beginning is told.
    if (answer.ended === 'length' && call === answer.calls.at(-1)) continue;
    const wrong = wrongness(tool.parameters, call.arguments);
    if (wrong !== undefined) return fail(question, answer, `arguments: ${wrong}`);
    count('calls', question.api);
  }
  if (answer.ended === 'length') {
    ++counts.cut;
    return;
  }
  const called = answer.calls.length > 0;
  if (answer.ended !== (called ? 'tool_calls' : 'stop')) return fail(question, answer, `ended by ${answer.ended}`);
  if (!question.several && answer.calls.length > 1) return fail(question, answer, 'more than one call');
  if (question.choice !== 'auto') {
    if (!called) return fail(question, answer, 'no call');
    if (answer.content !== '') return fail(question, answer, 'text before the calls');
    if (question.choice !== 'required' && answer.calls.some(({name}) => name !== question.choice)) {
      return fail(question, answer, 'a call of another tool');
    }
  }
  if (question.json !== null && !called) {
    const wrong = wrongness(question.json, answer.content);
    if (wrong !== undefined) return fail(question, answer, `content: ${wrong}`);
    count('JSON', question.api);
  } else if (!called) {
    ++counts.plain;
  }
}

async function askOne(question) {
  try {
    const {refused: message, answers} = await ask(question.api, process.env.FATHOM_URL, question);
    if (message === undefined) return answers.forEach((answer) => judge(question, answer));
    const reason = message.replace(/^.*?: /, '').replace(/'.*?'|\d+/g, '…');
    if (!/^(tools\[\d+\]|response_format|text\.format|output_config)\..*?: /.test(message)) {
      return fail(question, message, 'refused without a place');
    }
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
  } catch (error) {
    fail(question, null, error.stack);
  }
}

const random = makeRandom(Number(seed));
const questions = Array.from({length: Number(requests)}, (_, index) => makeQuestion(random, index));
const began = performance.now();
let next = 0;
await Promise.all(Array.from({length: Number(atOnce)}, async () => {
  while (next < questions.length) await askOne(questions[next++]);
}));

const seconds = (performance.now() - began) / 1000;
let judged = 0;
for (const [what, byApi] of Object.entries(counts.judged)) {
  const sum = Object.values(byApi).reduce((a, b) => a + b, 0);
  console.log(`${sum} ${what} judged: ${Object.entries(byApi).map(([api, n]) => `${api} ${n}`).join(', ')}`);
  judged += sum;
}
const refusals = [...refused.values()].reduce((a, b) => a + b, 0);
console.log(`${requests} requests, ${refusals} refused; ${counts.answers} answers, ${counts.cut} cut by a limit, ` +
  `${counts.plain} of text alone, ${failures} wrong; ${seconds.toFixed(1)} s`);
for (const [reason, times] of [...refused].sort((a, b) => b[1] - a[1])) console.log(`  ${times} refused, ${reason}`);
const tooFew = judged < LEAST_JUDGED, tooManyCut = counts.cut >= MOST_CUT * counts.answers;
if (tooFew) console.log(`fewer than ${LEAST_JUDGED} were judged`);
if (tooManyCut) console.log(`${MOST_CUT * 100} % or more were cut`);
process.exit(failures > 0 || tooFew || tooManyCut ? 1 : 0);
