// npm @anthropic-ai/sdk, on the server's /anthropic.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import {
  assertClean, assertSky, endless, errorOf, getWeather, hello, key, long, parallel, plainModel,
  rounds, run, sky, thinkingRounds, thoughtful, toolDescription, toolParameters, url,
} from './scenario.mjs';

const client = new Anthropic({ baseURL: `${url}/anthropic`, apiKey: key, maxRetries: 0 });
const tools = [
  { name: 'get_weather', description: toolDescription, input_schema: toolParameters },
];
const thinking = { type: 'enabled', budget_tokens: 1024 };
const ask = (content) => [{ role: 'user', content }];
const body = (messages, more = {}) => ({
  model: plainModel,
  max_tokens: 20000,
  messages,
  ...more,
});
const textOf = (message) =>
  message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
const callsOf = (message) => message.content.filter((block) => block.type === 'tool_use');

function checkUsage(usage) {
  assert.ok(usage.input_tokens + (usage.cache_read_input_tokens ?? 0) > 0);
  assert.ok(usage.output_tokens > 0);
}

// A streamed message, and the kinds of its pieces in order.
async function streamed(request) {
  const events = [];
  const order = [];
  const stream = client.messages.stream(request);
  for await (const event of stream) {
    if (event.type === 'ping') continue;
    events.push(event.type);
    if (event.type === 'content_block_delta' && order.at(-1) !== event.delta.type) {
      order.push(event.delta.type);
    }
  }
  assert.equal(events[0], 'message_start');
  assert.deepEqual(events.slice(-2), ['message_delta', 'message_stop']);
  const starts = events.filter((type) => type === 'content_block_start').length;
  assert.equal(events.filter((type) => type === 'content_block_stop').length, starts);
  const message = await stream.finalMessage();
  assert.equal(message.role, 'assistant');
  assert.equal(message.content.length, starts);
  for (const block of message.content) assertClean(block.text, block.thinking);
  checkUsage(message.usage);
  return { message, order: order.filter((type) => type !== 'signature_delta') };
}

// Both rounds of a tool. `keep` makes of a message's blocks what the client sends back.
async function toolLoop(dialogue, more, keep) {
  const messages = ask(dialogue.ask);
  const answers = [];
  for (let round = 0; ; ++round) {
    const answer = await streamed(body(messages, { tools, ...more }));
    answers.push(answer);
    if (answer.message.stop_reason !== 'tool_use') break;
    const calls = callsOf(answer.message);
    assert.deepEqual(calls.map((call) => call.input), [dialogue.calls[round]]);
    messages.push({ role: 'assistant', content: keep(answer.message.content) });
    messages.push({
      role: 'user',
      content: calls.map((call) => ({
        type: 'tool_result',
        tool_use_id: call.id,
        content: getWeather(call.input),
      })),
    });
  }
  assert.equal(answers.length, 3);
  assert.equal(textOf(answers[2].message), dialogue.answer);
  assert.equal(answers[2].message.stop_reason, 'end_turn');
  return answers;
}

run('anthropic', {
  'a plain answer, with usage': async () => {
    const message = await client.messages.create(body(ask(hello.ask)));
    assert.equal(message.type, 'message');
    assert.equal(message.model, plainModel);
    assert.deepEqual(message.content.map((block) => block.type), ['text']);
    assert.equal(message.content[0].text, hello.answer);
    assert.equal(message.stop_reason, 'end_turn');
    checkUsage(message.usage);
  },
  'a streamed answer': async () => {
    const { message, order } = await streamed(body(ask(hello.ask)));
    assert.equal(textOf(message), hello.answer);
    assert.deepEqual(order, ['text_delta']);
    assert.equal(message.stop_reason, 'end_turn');
  },
  'thinking on': async () => {
    const message = await client.messages.create(body(ask(thoughtful.ask), { thinking }));
    assert.deepEqual(message.content.map((block) => block.type), ['thinking', 'text']);
    assert.equal(message.content[0].thinking, thoughtful.reasoning);
    assert.equal(typeof message.content[0].signature, 'string');
    assert.equal(message.content[1].text, thoughtful.answer);
  },
  'thinking on, streamed: reasoning first and apart': async () => {
    const { message, order } = await streamed(body(ask(thoughtful.ask), { thinking }));
    assert.equal(message.content[0].thinking, thoughtful.reasoning);
    assert.equal(message.content[1].text, thoughtful.answer);
    assert.deepEqual(order, ['thinking_delta', 'text_delta']);
  },
  'thinking off': async () => {
    const message = await client.messages.create(
      body(ask(hello.ask), { thinking: { type: 'disabled' } }),
    );
    assert.deepEqual(message.content.map((block) => block.type), ['text']);
  },
  'two rounds of a tool, streamed': async () => {
    const answers = await toolLoop(rounds, {}, (content) => content);
    rounds.said.forEach((text, i) => {
      assert.equal(textOf(answers[i].message).trim(), text);
      assert.deepEqual(answers[i].order, ['text_delta', 'input_json_delta']);
    });
  },
  'two rounds of a tool with thinking, the blocks sent back': async () => {
    const answers = await toolLoop(thinkingRounds, { thinking }, (content) => content);
    thinkingRounds.reasoning.forEach((text, i) => {
      assert.equal(answers[i].message.content[0].thinking.trim(), text);
    });
  },
  'two rounds of a tool with thinking, the blocks dropped': async () => {
    const answers = await toolLoop(thinkingRounds, { thinking }, (content) =>
      content.filter((block) => block.type === 'tool_use'),
    );
    thinkingRounds.reasoning.forEach((text, i) => {
      assert.equal(answers[i].message.content[0].thinking.trim(), text);
    });
  },
  'parallel calls, whole and streamed': async () => {
    const request = body(ask(parallel.ask), { tools });
    const whole = await client.messages.create(request);
    const { message } = await streamed(request);
    for (const answer of [whole, message]) {
      assert.equal(answer.stop_reason, 'tool_use');
      const calls = callsOf(answer);
      assert.deepEqual(calls.map((call) => call.input), parallel.calls);
      assert.notEqual(calls[0].id, calls[1].id);
      assert.equal(textOf(answer).trim(), parallel.said);
    }
    const results = callsOf(message).map((call) => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content: [{ type: 'text', text: getWeather(call.input) }],
    }));
    const last = await client.messages.create(
      body(
        [
          ...ask(parallel.ask),
          { role: 'assistant', content: message.content },
          { role: 'user', content: results },
        ],
        { tools },
      ),
    );
    assert.equal(textOf(last), parallel.answer);
  },
  'counting tokens': async () => {
    const { input_tokens } = await client.messages.countTokens({
      model: plainModel,
      messages: ask(hello.ask),
    });
    const longer = await client.messages.countTokens({
      model: plainModel,
      messages: ask(hello.ask),
      tools,
    });
    assert.ok(input_tokens > 0 && longer.input_tokens > input_tokens);
  },
  'an abort in the middle, and the next request': async () => {
    const stream = client.messages.stream(body(ask(long.ask)));
    let text = '';
    stream.on('text', (piece) => {
      text += piece;
      if (text.length > 20) stream.abort();
    });
    const error = await errorOf(() => stream.finalMessage());
    assert.ok(error instanceof Anthropic.APIUserAbortError, `${error}`);
    assert.ok(text.startsWith('1 2 3 4 5 '));
    assert.ok(!text.endsWith(long.last), 'the abort came after the end');
    const next = await client.messages.create(body(ask(hello.ask)));
    assert.equal(textOf(next), hello.answer);
  },
  'a schema holds, whatever the model says': async () => {
    for (const content of [sky.asJson, sky.inWords]) {
      const message = await client.messages.create(
        body(ask(content), {
          max_tokens: 500,
          output_config: { format: { type: 'json_schema', schema: sky.schema } },
        }),
      );
      assertSky(JSON.parse(textOf(message)));
      assert.equal(message.stop_reason, 'end_turn');
    }
  },
  'a strict tool that is chosen is called, behind the thinking': async () => {
    const message = await client.messages.create(
      body(ask(sky.thinking), {
        max_tokens: 1500,
        thinking,
        tools: [{ name: 'set_sky', strict: true, input_schema: sky.schema }],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
      }),
    );
    assert.equal(message.content[0].thinking, sky.reasoning);
    assert.equal(message.stop_reason, 'tool_use');
    const [call] = callsOf(message);
    assert.equal(call.name, 'set_sky');
    assertSky(call.input);
  },
  'a budget ends the thinking': async () => {
    const { message } = await streamed(body(ask(endless.ask), { thinking }));
    assert.ok(message.content[0].thinking.startsWith(endless.begins));
    assert.equal(textOf(message), endless.answer);
  },
  'a model that is not there': async () => {
    const error = await errorOf(() =>
      client.messages.create(body(ask(hello.ask), { model: 'claude-9' })),
    );
    assert.ok(error instanceof Anthropic.NotFoundError, `${error}`);
    assert.equal(error.error.error.type, 'not_found_error');
    assert.match(error.message, /claude-9/);
  },
  'a parameter that is wrong': async () => {
    const error = await errorOf(() =>
      client.messages.create(body(ask(hello.ask), { temperature: 'hot' })),
    );
    assert.ok(error instanceof Anthropic.BadRequestError, `${error}`);
    assert.equal(error.error.error.type, 'invalid_request_error');
    assert.match(error.message, /temperature/);
  },
  'a key that is wrong': async () => {
    const stranger = new Anthropic({
      baseURL: `${url}/anthropic`,
      apiKey: `${key}x`,
      maxRetries: 0,
    });
    const error = await errorOf(() => stranger.messages.create(body(ask(hello.ask))));
    assert.ok(error instanceof Anthropic.AuthenticationError, `${error}`);
  },
});
