// What the program writes under a schema is valid, as ajv sees it.
//
//   node check_samples.mjs SCHEMA_SAMPLES [SCHEMAS [COUNT [SEED]]]
//
// Makes SCHEMAS random schemas, has 2 × COUNT texts written for each that is taken, and validates every
// one. Ends with 1 when a text isn't valid, when a schema's error is none of those that are meant, or
// when there were fewer than 2,000 texts.
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {makeRandom, randomSchema} from './random_schema.mjs';

const [program, schemaCount = '1500', sampleCount = '2', seed = '1'] = process.argv.slice(2);
const LEAST_SAMPLES = 2000;

const ajv = new Ajv2020({strict: false, logger: false, validateFormats: true});
addFormats(ajv);
// Those that ajv-formats doesn't know are what it calls otherwise.
for (const [name, as] of [['idn-email', 'email'], ['iri', 'uri'], ['idn-hostname', 'hostname']]) {
  ajv.addFormat(name, ajv.formats[as]);
}

const real = readFileSync(new URL('real_schemas.jsonl', import.meta.url), 'utf8')
  .split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
const random = makeRandom(Number(seed));
const schemas = [...real, ...Array.from({length: Number(schemaCount)}, () => randomSchema(random))];

// For src/grammar/schema_bench.cc.
writeFileSync(new URL('schemas.jsonl', import.meta.url), schemas.map((s) => JSON.stringify(s) + '\n').join(''));

const input = schemas.map((schema, id) => JSON.stringify({id, schema})).join('\n') + '\n';
const run = spawnSync(program, [sampleCount], {input, maxBuffer: 1 << 30, encoding: 'utf8'});
if (run.status !== 0) {
  console.error(`${program} ended with ${run.status ?? run.signal}: ${run.stderr}`);
  process.exit(1);
}
const answers = run.stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));

let samples = 0, invalid = 0, taken = 0;
const refused = new Map();
const fail = (schema, text, why) => {
  if (++invalid <= 10) console.log(`${why}\n  schema ${JSON.stringify(schema)}\n  text   ${text}`);
};
for (const {id, samples: texts, code, error} of answers) {
  const schema = schemas[id];
  if (error !== undefined) {
    if (id < real.length) fail(schema, '', `a real schema is refused: ${error}`);
    const reason = `${code}: ${error.replace(/^schema[^:]*: /, '').replace(/'.*?'|\d+/g, '…')}`;
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    if (!['unsupported', 'invalid argument'].includes(code)) fail(schema, '', error);
    continue;
  }
  ++taken;
  // The words mean the same in every draft that is met here.
  const validate = ajv.compile(typeof schema === 'object' ? {...schema, $schema: undefined} : schema);
  for (const text of texts) {
    ++samples;
    try {
      if (!validate(JSON.parse(text))) fail(schema, text, ajv.errorsText(validate.errors));
    } catch (error) {
      fail(schema, text, error.message);
    }
  }
}
console.log(`${schemas.length} schemas, ${taken} taken; ${samples} texts, ${samples - invalid} valid`);
for (const [reason, count] of [...refused].sort((a, b) => b[1] - a[1])) console.log(`  ${count} refused, ${reason}`);
if (answers.length !== schemas.length) console.log(`${answers.length} answers`);
process.exit(invalid > 0 || samples < LEAST_SAMPLES || answers.length !== schemas.length ? 1 : 0);
