// The scenarios of npm ai, for any of its providers.
import assert from 'node:assert/strict';
import { APICallError, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import {
  assertClean, errorOf, getWeather, hello, long, parallel, plainModel, rounds, run, thinkingModel,
  thinkingRounds, thoughtful, toolDescription, toolParameters,
} from './scenario.mjs';

const silent = { maxRetries: 0 };

// A tool that notes what it was asked.
function weatherTool() {
  const asked = [];
  const get_weather = tool({
    description: toolDescription,
    inputSchema: jsonSchema(toolParameters),
    execute: async (input) => {
      asked.push(input);
      return getWeather(input);
    },
  });
  return { asked, tools: { get_weather } };
}

function checkUsage(usage) {
  assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
  assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens);
}

// A streamed answer's parts in order, each kind joined.
async function streamed(settings) {
  const result = streamText({ ...silent, ...settings, onError: () => {} });
  const order = [];
  const joined = { reasoning: '', text: '' };
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error;
    const kind = part.type.replace(/-delta$/, '');
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
      joined[kind] += part.text;
    } else if (part.type !== 'tool-call') {
      continue;
    }
    if (order.at(-1) !== kind) order.push(kind);
  }
  assertClean(joined.text, joined.reasoning);
  checkUsage(await result.totalUsage);
  return { ...joined, order, finish: await result.finishReason, steps: await result.steps };
}

export function runAi(name, provider, thinkingOn) {
  const plain = provider(plainModel);
  const thinking = provider(thinkingModel);
  return run(name, {
    'a plain answer, with usage': async () => {
      const result = await generateText({ ...silent, model: plain, prompt: hello.ask });
      assert.equal(result.text, hello.answer);
      assert.equal(result.finishReason, 'stop');
      assert.ok(!result.reasoningText);
      checkUsage(result.usage);
    },
    'a streamed answer': async () => {
      const result = await streamed({ model: plain, prompt: hello.ask });
      assert.equal(result.text, hello.answer);
      assert.deepEqual(result.order, ['text']);
      assert.equal(result.finish, 'stop');
    },
    'thinking on': async () => {
      const result = await generateText({ ...silent, model: thinking, prompt: thoughtful.ask });
      assert.equal(result.reasoningText, thoughtful.reasoning);
      assert.equal(result.text, thoughtful.answer);
      assert.ok(result.usage.outputTokenDetails.reasoningTokens > 0);
    },
    'thinking on, streamed: reasoning first and apart': async () => {
      const result = await streamed({ model: thinking, prompt: thoughtful.ask });
      assert.equal(result.reasoning, thoughtful.reasoning);
      assert.equal(result.text, thoughtful.answer);
      assert.deepEqual(result.order, ['reasoning', 'text']);
    },
    "thinking switched by the provider's options": async () => {
      const on = await generateText({
        ...silent,
        model: plain,
        prompt: thoughtful.ask,
        providerOptions: thinkingOn,
      });
      assert.equal(on.reasoningText, thoughtful.reasoning);
      assert.equal(on.text, thoughtful.answer);
    },
    'two rounds of a tool, streamed': async () => {
      const { asked, tools } = weatherTool();
      const result = await streamed({
        model: plain,
        prompt: rounds.ask,
        tools,
        stopWhen: stepCountIs(5),
      });
      assert.deepEqual(asked, rounds.calls);
      assert.equal(result.steps.length, 3);
      rounds.said.forEach((text, i) => assert.equal(result.steps[i].text.trim(), text));
      assert.equal(result.steps[2].text, rounds.answer);
      assert.deepEqual(result.order, ['text', 'tool-call', 'text', 'tool-call', 'text']);
    },
    'two rounds of a tool with thinking, streamed': async () => {
      const { asked, tools } = weatherTool();
      const result = await streamed({
        model: thinking,
        prompt: thinkingRounds.ask,
        tools,
        stopWhen: stepCountIs(5),
      });
      assert.deepEqual(asked, thinkingRounds.calls);
      assert.equal(result.steps.length, 3);
      thinkingRounds.reasoning.forEach((text, i) =>
        assert.equal(result.steps[i].reasoningText.trim(), text),
      );
      assert.equal(result.steps[2].text, thinkingRounds.answer);
    },
    'parallel calls': async () => {
      for (const ask of [generateText, streamed]) {
        const { asked, tools } = weatherTool();
        const result = await ask({
          ...silent,
          model: plain,
          prompt: parallel.ask,
          tools,
          stopWhen: stepCountIs(3),
        });
        assert.deepEqual(asked, parallel.calls);
        const { steps } = result;
        assert.equal(steps.length, 2);
        assert.equal(steps[0].finishReason, 'tool-calls');
        assert.notEqual(steps[0].toolCalls[0].toolCallId, steps[0].toolCalls[1].toolCallId);
        assert.equal(steps[1].text, parallel.answer);
      }
    },
    'an abort in the middle, and the next request': async () => {
      const controller = new AbortController();
      const result = streamText({
        ...silent,
        model: plain,
        prompt: long.ask,
        abortSignal: controller.signal,
        onError: () => {},
      });
      let text = '';
      let aborted = false;
      for await (const part of result.fullStream) {
        if (part.type === 'text-delta') text += part.text;
        if (part.type === 'abort') aborted = true;
        if (text.length > 20) controller.abort();
      }
      assert.ok(aborted);
      assert.ok(text.startsWith('1 2 3 4 5 '));
      assert.ok(!text.endsWith(long.last), 'the abort came after the end');
      const next = await generateText({ ...silent, model: plain, prompt: hello.ask });
      assert.equal(next.text, hello.answer);
    },
    'a model that is not there': async () => {
      const error = await errorOf(() =>
        generateText({ ...silent, model: provider('gpt-9'), prompt: hello.ask }),
      );
      assert.ok(APICallError.isInstance(error), `${error}`);
      assert.equal(error.statusCode, 404);
      assert.match(error.message, /gpt-9/);
    },
    'a parameter that is wrong': async () => {
      const error = await errorOf(() =>
        generateText({ ...silent, model: plain, prompt: hello.ask, topP: 7 }),
      );
      assert.ok(APICallError.isInstance(error), `${error}`);
      assert.equal(error.statusCode, 400);
      assert.match(error.message, /top_p/);
    },
  });
}
