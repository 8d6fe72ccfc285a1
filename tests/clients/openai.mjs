// npm openai: what most programs use.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import {
  assertClean, assertSky, endless, errorOf, getWeather, hello, key, long, parallel, plainModel,
  rounds, run, sky, thinkingModel, thinkingRounds, thoughtful, toolDescription, toolParameters, url,
} from './scenario.mjs';

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const tools = [
  {
    type: 'function',
    function: { name: 'get_weather', description: toolDescription, parameters: toolParameters },
  },
];
const ask = (content) => [{ role: 'user', content }];

function checkUsage(usage) {
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert.equal(usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens, usage.prompt_tokens);
  assert.equal(usage.prompt_tokens_details.cached_tokens, usage.prompt_cache_hit_tokens);
  assert.ok(usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens);
}

// A streamed answer put together, with the order of its parts.
async function streamed(body) {
  const stream = await client.chat.completions.create({
    ...body,
    stream: true,
    stream_options: { include_usage: true },
  });
  const message = { role: undefined, content: '', reasoning_content: '', tool_calls: [] };
  const order = [];
  let finish, usage;
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    if (chunk.usage) {
      assert.equal(chunk.choices.length, 0, 'usage has a chunk of its own');
      usage = chunk.usage;
      continue;
    }
    assert.equal(usage, undefined, 'usage comes last');
    const { delta, finish_reason } = chunk.choices[0];
    message.role ??= delta.role;
    const see = (part) => order.at(-1) === part || order.push(part);
    if (delta.reasoning_content) {
      see('reasoning');
      message.reasoning_content += delta.reasoning_content;
    }
    if (delta.content) {
      see('content');
      message.content += delta.content;
    }
    for (const piece of delta.tool_calls ?? []) {
      see('calls');
      const call = (message.tool_calls[piece.index] ??= {
        id: piece.id,
        type: piece.type,
        function: { name: piece.function.name, arguments: '' },
      });
      call.function.arguments += piece.function.arguments ?? '';
    }
    finish = finish_reason ?? finish;
  }
  assert.equal(message.role, 'assistant');
  assertClean(message.content, message.reasoning_content);
  checkUsage(usage);
  return { message, order, finish, usage };
}

// Both rounds of a tool, by hand. `keep` makes of an answer what the client sends back.
async function toolLoop(model, dialogue, keep) {
  const messages = ask(dialogue.ask);
  const answers = [];
  for (let round = 0; ; ++round) {
    const answer = await streamed({ model, messages, tools });
    answers.push(answer);
    if (answer.finish !== 'tool_calls') break;
    const { tool_calls } = answer.message;
    assert.equal(tool_calls.length, 1);
    assert.deepEqual(JSON.parse(tool_calls[0].function.arguments), dialogue.calls[round]);
    messages.push(keep(answer.message));
    messages.push({
      role: 'tool',
      tool_call_id: tool_calls[0].id,
      content: getWeather(JSON.parse(tool_calls[0].function.arguments)),
    });
  }
  assert.equal(answers.length, 3);
  assert.equal(answers[2].message.content, dialogue.answer);
  assert.equal(answers[2].finish, 'stop');
  return answers;
}

run('openai', {
  'a plain answer, with usage': async () => {
    const answer = await client.chat.completions.create({
      model: plainModel,
      messages: ask(hello.ask),
    });
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.model, plainModel);
    assert.equal(answer.choices.length, 1);
    const { message, finish_reason } = answer.choices[0];
    assert.equal(message.role, 'assistant');
    assert.equal(message.content, hello.answer);
    assert.ok(!message.reasoning_content && !message.tool_calls?.length);
    assert.equal(finish_reason, 'stop');
    checkUsage(answer.usage);
  },
  'a streamed answer': async () => {
    const { message, order, finish } = await streamed({
      model: plainModel,
      messages: ask(hello.ask),
    });
    assert.equal(message.content, hello.answer);
    assert.deepEqual(order, ['content']);
    assert.equal(finish, 'stop');
  },
  'thinking on': async () => {
    const answer = await client.chat.completions.create({
      model: thinkingModel,
      messages: ask(thoughtful.ask),
    });
    const { message } = answer.choices[0];
    assert.equal(message.reasoning_content, thoughtful.reasoning);
    assert.equal(message.content, thoughtful.answer);
    assert.ok(answer.usage.completion_tokens_details.reasoning_tokens > 0);
  },
  'thinking on, streamed: reasoning first and apart': async () => {
    const { message, order } = await streamed({
      model: thinkingModel,
      messages: ask(thoughtful.ask),
    });
    assert.equal(message.reasoning_content, thoughtful.reasoning);
    assert.equal(message.content, thoughtful.answer);
    assert.deepEqual(order, ['reasoning', 'content']);
  },
  'thinking switched on in every dialect': async () => {
    for (const how of [
      { thinking: { type: 'enabled' } },
      { reasoning_effort: 'high' },
      { enable_thinking: true },
      { chat_template_kwargs: { thinking: true } },
      { chat_template_kwargs: { enable_thinking: true } },
    ]) {
      const answer = await client.chat.completions.create({
        model: plainModel,
        messages: ask(thoughtful.ask),
        ...how,
      });
      const { message } = answer.choices[0];
      assert.equal(message.reasoning_content, thoughtful.reasoning, JSON.stringify(how));
      assert.equal(message.content, thoughtful.answer, JSON.stringify(how));
    }
  },
  'thinking switched off in every dialect': async () => {
    for (const how of [
      { thinking: { type: 'disabled' } },
      { enable_thinking: false },
      { chat_template_kwargs: { thinking: false } },
      { chat_template_kwargs: { enable_thinking: false } },
    ]) {
      const answer = await client.chat.completions.create({
        model: thinkingModel,
        messages: ask(hello.ask),
        ...how,
      });
      const { message } = answer.choices[0];
      assert.ok(!message.reasoning_content, JSON.stringify(how));
      assert.equal(message.content, hello.answer, JSON.stringify(how));
    }
  },
  'two rounds of a tool, streamed': async () => {
    const answers = await toolLoop(plainModel, rounds, (message) => ({
      role: 'assistant',
      content: message.content,
      tool_calls: message.tool_calls,
    }));
    rounds.said.forEach((text, i) => {
      assert.equal(answers[i].message.content.trim(), text);
      assert.deepEqual(answers[i].order, ['content', 'calls']);
    });
  },
  'two rounds of a tool with thinking, the reasoning sent back': async () => {
    const answers = await toolLoop(thinkingModel, thinkingRounds, (message) => message);
    thinkingRounds.reasoning.forEach((text, i) => {
      assert.equal(answers[i].message.reasoning_content.trim(), text);
      assert.deepEqual(answers[i].order, ['reasoning', i < 2 ? 'calls' : 'content']);
    });
  },
  'two rounds of a tool with thinking, the reasoning dropped': async () => {
    const answers = await toolLoop(thinkingModel, thinkingRounds, (message) => ({
      role: 'assistant',
      content: null,
      tool_calls: message.tool_calls,
    }));
    thinkingRounds.reasoning.forEach((text, i) => {
      assert.equal(answers[i].message.reasoning_content.trim(), text);
    });
  },
  'two rounds of a tool by runTools, streamed': async () => {
    const asked = [];
    const runner = client.chat.completions.runTools({
      model: plainModel,
      messages: ask(rounds.ask),
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: toolDescription,
            parameters: toolParameters,
            parse: JSON.parse,
            function: (args) => {
              asked.push(args);
              return getWeather(args);
            },
          },
        },
      ],
    });
    assert.equal(await runner.finalContent(), rounds.answer);
    assert.deepEqual(asked, rounds.calls);
  },
  'parallel calls, whole and streamed': async () => {
    const body = { model: plainModel, messages: ask(parallel.ask), tools };
    const whole = (await client.chat.completions.create(body)).choices[0];
    const { message, finish } = await streamed(body);
    assert.equal(whole.finish_reason, 'tool_calls');
    assert.equal(finish, 'tool_calls');
    for (const calls of [whole.message.tool_calls, message.tool_calls]) {
      assert.deepEqual(calls.map((call) => JSON.parse(call.function.arguments)), parallel.calls);
      assert.ok(calls.every((call) => call.type === 'function' && call.id));
      assert.notEqual(calls[0].id, calls[1].id);
    }
    const answer = await streamed({
      ...body,
      messages: [
        ...body.messages,
        { role: 'assistant', content: message.content, tool_calls: message.tool_calls },
        ...message.tool_calls.map((call) => ({
          role: 'tool',
          tool_call_id: call.id,
          content: getWeather(JSON.parse(call.function.arguments)),
        })),
      ],
    });
    assert.equal(answer.message.content, parallel.answer);
  },
  'an abort in the middle, and the next request': async () => {
    const stream = await client.chat.completions.create({
      model: plainModel,
      messages: ask(long.ask),
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text.length > 20) stream.controller.abort();
    }
    assert.ok(text.startsWith('1 2 3 4 5 '));
    assert.ok(!text.endsWith(long.last), 'the abort came after the end');
    const next = await client.chat.completions.create({
      model: plainModel,
      messages: ask(hello.ask),
    });
    assert.equal(next.choices[0].message.content, hello.answer);
  },
  'a zod schema holds, whatever the model says': async () => {
    const Sky = z.object({ sky: z.enum(['rain', 'sun']), windy: z.boolean() });
    for (const [content, expected] of [[sky.asJson, sky.json], [sky.inWords, undefined]]) {
      const answer = await client.chat.completions.parse({
        model: plainModel,
        messages: ask(content),
        max_tokens: 500,
        response_format: zodResponseFormat(Sky, 'sky'),
      });
      const { parsed } = answer.choices[0].message;
      assertSky(parsed);
      if (expected) assert.deepEqual(parsed, expected);
      assert.equal(answer.choices[0].finish_reason, 'stop');
    }
  },
  'a zod function that is required is called, behind the reasoning': async () => {
    const parameters = z.object({ sky: z.enum(['rain', 'sun']), windy: z.boolean() });
    const answer = await client.chat.completions.parse({
      model: thinkingModel,
      messages: ask(sky.thinking),
      max_tokens: 500,
      tools: [zodFunction({ name: 'set_sky', parameters })],
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    const { message, finish_reason } = answer.choices[0];
    assert.equal(message.reasoning_content, sky.reasoning);
    assert.equal(finish_reason, 'tool_calls');
    assert.equal(message.tool_calls[0].function.name, 'set_sky');
    assertSky(message.tool_calls[0].function.parsed_arguments);
  },
  'a schema that nothing satisfies is refused by its place': async () => {
    const error = await errorOf(() =>
      client.chat.completions.create({
        model: plainModel,
        messages: ask(sky.asJson),
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'n', strict: true, schema: { $ref: '#' } },
        },
      }),
    );
    assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
    assert.match(error.message, /response_format\.json_schema\.schema/);
  },
  'a budget ends the thinking': async () => {
    const answer = await client.chat.completions.create({
      model: thinkingModel,
      messages: ask(endless.ask),
      thinking_budget: 100,
    });
    const [choice] = answer.choices;
    assert.equal(choice.message.content, endless.answer);
    assert.ok(choice.message.reasoning_content.startsWith(endless.begins));
    assert.equal(choice.thinking_ended, 'budget');
  },
  'a model that is not there': async () => {
    for (const stream of [false, true]) {
      const error = await errorOf(() =>
        client.chat.completions.create({ model: 'gpt-9', messages: ask(hello.ask), stream }),
      );
      assert.ok(error instanceof OpenAI.NotFoundError, `${error}`);
      assert.match(error.message, /gpt-9/);
      assert.match(error.message, /deepseek-chat/, 'the names that are there');
    }
  },
  'a parameter that is wrong': async () => {
    const error = await errorOf(() =>
      client.chat.completions.create({
        model: plainModel,
        messages: ask(hello.ask),
        temperature: 'hot',
      }),
    );
    assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
    assert.match(error.message, /temperature/);
    assert.equal(error.type, 'invalid_request_error');
  },
  'a key that is wrong': async () => {
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: `${key}x`, maxRetries: 0 });
    const error = await errorOf(() =>
      stranger.chat.completions.create({ model: plainModel, messages: ask(hello.ask) }),
    );
    assert.ok(error instanceof OpenAI.AuthenticationError, `${error}`);
  },
  'the list of models': async () => {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.length > 0);
  },
});
