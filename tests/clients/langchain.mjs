// npm @langchain/openai.
import assert from 'node:assert/strict';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import {
  assertClean, errorOf, getWeather, hello, key, long, parallel, plainModel, rounds, run,
  thinkingModel, thinkingRounds, thoughtful, toolDescription, toolParameters, url,
} from './scenario.mjs';

const chat = (model, more = {}) =>
  new ChatOpenAI({
    model,
    apiKey: key,
    maxRetries: 0,
    configuration: { baseURL: `${url}/v1` },
    ...more,
  });
const getWeatherTool = tool(async (input) => getWeather(input), {
  name: 'get_weather',
  description: toolDescription,
  schema: toolParameters,
});
const ask = (text) => [new HumanMessage(text)];
const reasoningOf = (message) => message.additional_kwargs.reasoning_content ?? '';

// A streamed message put together as the library does it.
async function streamed(model, messages) {
  let whole;
  const order = [];
  for await (const chunk of await model.stream(messages)) {
    whole = whole === undefined ? chunk : whole.concat(chunk);
    const kind = reasoningOf(chunk) ? 'reasoning' : chunk.content ? 'content' : undefined;
    if (kind && order.at(-1) !== kind) order.push(kind);
  }
  assertClean(whole.content, reasoningOf(whole));
  const usage = whole.usage_metadata;
  assert.ok(usage.input_tokens > 0 && usage.output_tokens > 0);
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
  return { message: whole, order };
}

async function toolLoop(modelName, dialogue) {
  const model = chat(modelName).bindTools([getWeatherTool]);
  const messages = ask(dialogue.ask);
  const answers = [];
  while (true) {
    const { message } = await streamed(model, messages);
    answers.push(message);
    if (message.tool_calls.length === 0) break;
    assert.deepEqual(message.tool_calls.map((call) => call.args), [
      dialogue.calls[answers.length - 1],
    ]);
    messages.push(message);
    for (const call of message.tool_calls) messages.push(await getWeatherTool.invoke(call));
  }
  assert.equal(answers.length, 3);
  assert.equal(answers[2].content, dialogue.answer);
  return answers;
}

run('langchain', {
  'a plain answer, with usage': async () => {
    const message = await chat(plainModel).invoke(hello.ask);
    assert.equal(message.content, hello.answer);
    assert.equal(reasoningOf(message), '');
    assert.equal(message.response_metadata.finish_reason, 'stop');
    assert.ok(message.usage_metadata.input_tokens > 0);
    assert.ok(message.usage_metadata.output_tokens > 0);
  },
  'a streamed answer': async () => {
    const { message, order } = await streamed(chat(plainModel), ask(hello.ask));
    assert.equal(message.content, hello.answer);
    assert.deepEqual(order, ['content']);
  },
  'thinking on': async () => {
    const message = await chat(thinkingModel).invoke(thoughtful.ask);
    assert.equal(reasoningOf(message), thoughtful.reasoning);
    assert.equal(message.content, thoughtful.answer);
    assert.ok(message.usage_metadata.output_token_details.reasoning > 0);
  },
  'thinking on, streamed: reasoning first and apart': async () => {
    const { message, order } = await streamed(chat(thinkingModel), ask(thoughtful.ask));
    assert.equal(reasoningOf(message), thoughtful.reasoning);
    assert.equal(message.content, thoughtful.answer);
    assert.deepEqual(order, ['reasoning', 'content']);
  },
  'thinking switched by further fields': async () => {
    const model = chat(plainModel, { modelKwargs: { thinking: { type: 'enabled' } } });
    const message = await model.invoke(thoughtful.ask);
    assert.equal(reasoningOf(message), thoughtful.reasoning);
    assert.equal(message.content, thoughtful.answer);
  },
  'two rounds of a tool, streamed': async () => {
    const answers = await toolLoop(plainModel, rounds);
    rounds.said.forEach((text, i) => assert.equal(answers[i].content.trim(), text));
  },
  // The library does not send the reasoning back; the model goes on all the same.
  'two rounds of a tool with thinking, streamed': async () => {
    const answers = await toolLoop(thinkingModel, thinkingRounds);
    thinkingRounds.reasoning.forEach((text, i) =>
      assert.equal(reasoningOf(answers[i]).trim(), text),
    );
  },
  'parallel calls': async () => {
    const model = chat(plainModel).bindTools([getWeatherTool]);
    const message = await model.invoke(parallel.ask);
    assert.deepEqual(message.tool_calls.map((call) => call.args), parallel.calls);
    assert.notEqual(message.tool_calls[0].id, message.tool_calls[1].id);
    const results = message.tool_calls.map(
      (call) => new ToolMessage({ tool_call_id: call.id, content: getWeather(call.args) }),
    );
    const last = await model.invoke([...ask(parallel.ask), message, ...results]);
    assert.equal(last.content, parallel.answer);
  },
  'an abort in the middle, and the next request': async () => {
    const controller = new AbortController();
    let text = '';
    const error = await errorOf(async () => {
      const stream = await chat(plainModel).stream(ask(long.ask), { signal: controller.signal });
      for await (const chunk of stream) {
        text += chunk.content;
        if (text.length > 20) controller.abort();
      }
    });
    assert.match(`${error.name} ${error.message}`, /abort/i);
    assert.ok(text.startsWith('1 2 3 4 5 '));
    assert.ok(!text.endsWith(long.last), 'the abort came after the end');
    assert.equal((await chat(plainModel).invoke(hello.ask)).content, hello.answer);
  },
  'a model that is not there': async () => {
    const error = await errorOf(() => chat('gpt-9').invoke(hello.ask));
    assert.equal(error.status, 404);
    assert.match(error.message, /gpt-9/);
  },
  'a parameter that is wrong': async () => {
    const error = await errorOf(() => chat(plainModel, { topP: 7 }).invoke(hello.ask));
    assert.equal(error.status, 400);
    assert.match(error.message, /top_p/);
  },
});
