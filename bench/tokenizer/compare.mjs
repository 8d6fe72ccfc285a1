// compare.mjs TOKENIZER_SPEED TOKENIZER_JSON TEXT
//
// Encodes the same documents with Hugging Face tokenizers (its Rust library, one thread) and with
// Fathom, in turns, and prints one row of a table: MB per second of processor time, the best of all
// turns for either, so that other work on the machine disturbs little. Fails where one id differs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(`${process.cwd()}/`);
const { Tokenizer } = require('tokenizers');

const TURNS = 3;
const FATHOM_ROUNDS = 5;  // of which the first finds a cold cache

async function encodeAll(tokenizer, documents) {
  const encodings = [];
  globalThis.gc();  // or the collection of what an earlier turn left is counted
  const before = process.cpuUsage();
  for (const document of documents) encodings.push(await tokenizer.encode(document, null, { addSpecialTokens: false }));
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  return { seconds, ids: encodings.flatMap((encoding) => encoding.getIds()) };
}

async function compare(speed, tokenizerFile, tokenizer, textFile) {
  const text = readFileSync(textFile);
  const documents = text.toString().split('\0');
  const theirs = [], warm = [], cold = [];
  for (let turn = 0; turn < TURNS; ++turn) {
    const result = await encodeAll(tokenizer, documents);
    theirs.push(result.seconds);
    const idsFile = `${textFile}.ids`;
    const printed = execFileSync(speed, [tokenizerFile, textFile, String(FATHOM_ROUNDS), idsFile]);
    const [first, ...rest] = JSON.parse(printed).round_seconds;
    cold.push(first);
    warm.push(...rest);
    const bytes = readFileSync(idsFile);
    const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const place = result.ids.findIndex((id, i) => id !== ids[i]);
    if (place >= 0 || ids.length !== result.ids.length) {
      throw new Error(`${textFile}: id ${place} differs (${result.ids.length} ids, ours ${ids.length})`);
    }
    console.error(`${basename(textFile)}: ${ids.length} ids, all equal`);
  }
  const rate = (seconds) => text.length / 1e6 / Math.min(...seconds);
  return [basename(textFile, '.txt'), (text.length / 1e6).toFixed(2), rate(theirs).toFixed(2),
    rate(cold).toFixed(1), rate(warm).toFixed(1), `${(rate(cold) / rate(theirs)).toFixed(0)}x`,
    `${(rate(warm) / rate(theirs)).toFixed(0)}x`];
}

const [speed, tokenizerFile, text] = process.argv.slice(2);
const tokenizer = await Tokenizer.fromFile(tokenizerFile);
console.log(`| ${(await compare(speed, tokenizerFile, tokenizer, text)).join(' | ')} |`);
