// Compares allowed sets (allowed_sets.cc) with those of @mlc-ai/web-xgrammar in the same states.
//
//   node compare.mjs SCHEMAS TOKENIZER SETS     beside xgrammar.cjs, see test.sh
//
// A token that only one of both allows needs one of the "reasons" of SCHEMAS that the schema names:
// it says the side ("only"), and its regular expressions match the text so far ("behind") and the
// token ("token"). A reason that a schema names and that explains nothing is an error too.
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const xgrammar = createRequire(import.meta.url)("./xgrammar.cjs");
const [schemasFile, tokenizerFile, setsFile] = process.argv.slice(2);
const kRows = 129280;
const kShown = 8; // differing tokens told of a state

// ---- the vocabulary, in the spelling of tokenizer.json; added tokens are no text

const tokenizer = JSON.parse(readFileSync(tokenizerFile, "utf8"));
const vocabulary = new Array(kRows).fill("");
for (const [spelled, id] of Object.entries(tokenizer.model.vocab)) vocabulary[id] = spelled;
let end;
for (const { id, content } of tokenizer.added_tokens) {
  vocabulary[id] = "";
  if (content === "<｜end▁of▁sentence｜>") end = id;
}
const byteOf = new Map();
for (let byte = 0, next = 0x100; byte < 256; ++byte) {
  const itself = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  byteOf.set(String.fromCodePoint(itself ? byte : next++), byte);
}
const bytesOf = (id) => Buffer.from([...vocabulary[id]].map((c) => byteOf.get(c)));
// One character a byte, so that half a character is something a regular expression can match.
const textOf = (ids) => Buffer.concat(ids.map(bytesOf)).toString("latin1");

const info = await xgrammar.TokenizerInfo.createTokenizerInfo(
  vocabulary, "byte_level", false, kRows, [end]);
const compiler = await xgrammar.GrammarCompiler.createGrammarCompiler(info, false);

// ---- schemas

const file = JSON.parse(readFileSync(schemasFile, "utf8"));
const schemas = new Map(file.schemas.map((schema) => [schema.name, schema]));
for (const schema of schemas.values()) {
  schema.differences = (schema.reasons ?? []).map((name) => ({
    used: 0,
    name,
    only: file.reasons[name].only,
    behind: new RegExp(file.reasons[name].behind, "s"),
    token: new RegExp(file.reasons[name].token, "s"),
  }));
}
const reasonFor = (schema, only, behind, token) => schema.differences.find(
  (d) => d.only === only && d.behind.test(behind) && d.token.test(token));
// any white space: no; the separators of Python's json.dumps; objects as open as the schema says.
const compile = (schema) =>
  compiler.compileJSONSchema(JSON.stringify(schema.schema), false, -1, [", ", ": "], false);

let failures = 0, states = 0, same = 0, explained = 0;
function fail(message) {
  console.error(message);
  ++failures;
}

function compareState(schema, ids, allowed, mask) {
  ++states;
  let differing = 0;
  const unexplained = [];
  const behind = textOf(ids);
  for (let id = 0; id < kRows; ++id) {
    const ours = (parseInt(allowed[id >> 2], 16) >> (id & 3)) & 1;
    const theirs = (mask[id >> 5] >>> (id & 31)) & 1;
    if (ours === theirs) continue;
    ++differing;
    const only = ours ? "fathom" : "xgrammar";
    const token = id === end ? "<end>" : textOf([id]);
    const reason = reasonFor(schema, only, behind, token);
    if (reason) ++reason.used;
    else unexplained.push(`only ${only} allows ${id} ${JSON.stringify(token)}`);
  }
  if (differing === 0) ++same;
  else if (unexplained.length === 0) ++explained;
  if (unexplained.length > 0) {
    fail(`${schema.name}: behind ${JSON.stringify(behind)}: ${unexplained.length} tokens differ: ` +
      unexplained.slice(0, kShown).join("; "));
  }
}

let current, compiled, matcher, taken = [];
for await (const line of createInterface({ input: createReadStream(setsFile) })) {
  const { schema: name, ids, allowed } = JSON.parse(line);
  const schema = schemas.get(name);
  if (name !== current) {
    matcher?.dispose();
    compiled?.dispose();
    compiled = await compile(schema);
    matcher = undefined;
    current = name;
  }
  if (ids.length === 0) {
    matcher?.dispose();
    matcher = await xgrammar.GrammarMatcher.createGrammarMatcher(compiled);
    taken = [];
  }
  // The instance was left at a token that the other engine refuses.
  if (taken === null) continue;
  if (ids.length > taken.length && !matcher.acceptToken(ids.at(-1))) {
    const behind = textOf(ids.slice(0, -1)), token = textOf([ids.at(-1)]);
    if (!reasonFor(schema, "fathom", behind, token)) {
      fail(`${name}: behind ${JSON.stringify(behind)} xgrammar refuses ${JSON.stringify(token)}`);
    }
    taken = null;
    continue;
  }
  taken = ids;
  compareState(schema, ids, allowed, await matcher.getNextTokenBitmask());
}
for (const schema of schemas.values()) {
  for (const reason of schema.differences) {
    if (reason.used === 0) fail(`${schema.name}: the reason ${reason.name} explains nothing`);
  }
}
console.log(`${states} states of ${schemas.size} schemas: ${same} equal, ${explained} differ for ` +
  `a reason of the list, ${failures} failures`);
process.exit(failures > 0 ? 1 : 0);
