// Runs every agent through every scenario, in thinking mode and without, against a server of its own.
//
//   node run.mjs SCRIPTED_SERVER TOKENIZER NODE_MODULES [AGENT...]
//
// A line for each; ends with 1 when one was wrong, after all have run. FATHOM_SHOW=1 shows what the
// agents print.
import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

import {agents} from './agents.mjs';
import {lay, scenarios, scriptOf} from './scenarios.mjs';

const [server, tokenizer, modules, ...wanted] = process.argv.slice(2);
if (!modules) {
  console.error('usage: run.mjs SCRIPTED_SERVER TOKENIZER NODE_MODULES [AGENT...]');
  process.exit(2);
}
const bin = path.resolve(modules);  // agents work in other folders
const serverKey = 'a-key-for-the-agents';
const context = '262144';
const patience = 120_000;  // what takes longer has failed

// A server that plays `script`, until its input is closed.
async function serve(script, scratch) {
  const file = path.join(scratch, 'script.json');
  writeFileSync(file, script);
  const child = spawn(server, [file, tokenizer, serverKey, context], {stdio: ['pipe', 'pipe', 'inherit']});
  const over = new Promise((resolve) => child.on('close', resolve));
  const url = await new Promise((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data).trim()));
    over.then((code) => reject(new Error(`the server ended with ${code}`)));
  });
  return {url, stop: () => (child.stdin.end(), over)};
}

async function metrics(url) {
  const page = await (await fetch(`${url}/metrics`, {headers: {'x-api-key': serverKey}})).text();
  const running = Number(/^fathom_requests_running (\d+)$/m.exec(page)[1]);
  const ends = {};
  for (const [, end, count] of page.matchAll(/^fathom_answers_total\{end="(\w+)"\} (\d+)$/gm)) {
    ends[end] = Number(count);
  }
  return {running, ends};
}

// Runs a program to its end, in a process group of its own, which goes as a whole.
async function run({program, args, env}, {home, folder, whenStarted}) {
  const child = spawn(program, args, {
    cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
    env: {PATH: process.env.PATH, HOME: home, ...env},
  });
  const kill = () => {
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it is over */ }
  };
  const timer = setTimeout(kill, patience);
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => { output += data; });
  const over = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (whenStarted) await Promise.race([whenStarted(kill), over]);
  const code = await over;
  clearTimeout(timer);
  kill();  // whatever it left behind
  if (process.env.FATHOM_SHOW) console.log(output);
  return {output, code};
}

async function until(what, condition) {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${patience / 1000} s`);
    await sleep(20);
  }
}

async function play(agent, scenario, model) {
  const scratch = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'fathom-agent-')));
  const folder = path.join(scratch, 'work'), home = path.join(scratch, 'home');
  mkdirSync(folder);
  mkdirSync(home);
  lay(folder, scenario.files);
  const {url, stop} = await serve(scriptOf(scenario, agent.tools, folder), scratch);
  let output = '';
  try {
    const settings = {home, url, bin, key: scenario.key ?? serverKey, model: scenario.model ?? model};
    agent.prepare(settings);
    const idle = async () => (await metrics(url)).running === 0;
    const whenStarted = scenario.killWhenRunning && (async (kill) => {
      await until('an answer has begun', async () => (await metrics(url)).running > 0);
      kill();
    });
    const first = await run(agent.command({...settings, ask: scenario.ask}), {home, folder, whenStarted});
    output = first.output;
    let code = first.code;
    if (scenario.goOn) {
      const next = agent.command({...settings, ask: scenario.goOn, more: agent.goOn});
      const second = await run(next, {home, folder});
      output += second.output;
      code = second.code;
    }
    await until('the server is idle', idle);
    const {ends} = await metrics(url);
    await scenario.check({output, folder, code, ends});
  } catch (error) {
    error.output = output;
    throw error;
  } finally {
    await stop();
    rmSync(scratch, {recursive: true, force: true});
  }
}

let failed = false;
for (const name of wanted.length ? wanted : Object.keys(agents)) {
  const agent = agents[name];
  if (!agent) throw new Error(`there is no agent ${name}, only ${Object.keys(agents).join(', ')}`);
  for (const [title, scenario] of Object.entries(scenarios)) {
    for (const model of scenario.model ? [scenario.model] : ['deepseek-chat', 'deepseek-reasoner']) {
      const began = Date.now();
      const what = `${name}, ${model}: ${title}`;
      try {
        await play(agent, scenario, model);
        console.log(`ok     ${what} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed = true;
        console.log(`WRONG  ${what}`);
        console.error(error.stack ?? error, `\nthe agent's output:\n${error.output}`);
      }
    }
  }
}
process.exit(failed ? 1 : 0);
