// One question to each API, and what came back in one form for all:
//   {refused: '…'}   a 400
//   {answers: [{content, calls: [{name, arguments}], ended: 'stop' | 'tool_calls' | 'length', repaired}]}
// What is none of these throws.
const QUESTION = 'Say anything.';

// {json: a schema, or nothing; tools: [{name, parameters}]; choice: 'auto', 'required' or a name;
//  several, thinking, stream, temperature, seed, count}
export async function ask(api, url, question) {
  const {path, body, whole, joined} = APIS[api];
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {'content-type': 'application/json', 'anthropic-version': '2023-06-01'},
    body: JSON.stringify(body(question)),
    signal: AbortSignal.timeout(600_000),
  });
  const text = await response.text();
  if (response.status === 400) return {refused: messageOf(JSON.parse(text))};
  if (response.status !== 200) throw new Error(`status ${response.status}: ${text}`);
  return {answers: question.stream ? joined(eventsOf(text)) : whole(JSON.parse(text))};
}

const messageOf = (body) => body.error.message;

function eventsOf(text) {
  const events = text.split('\n').filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.slice(6)));
  for (const event of events) {
    if (event.error || event.type === 'error') throw new Error(`an error in the stream: ${JSON.stringify(event)}`);
  }
  return events;
}

const MAX_TOKENS = 3000;
const described = (schema) => ({name: 'answer', strict: true, schema});

const chat = {
  path: '/v1/chat/completions',
  body: ({json, tools, choice, several, thinking, stream, temperature, seed, count}) => ({
    messages: [{role: 'user', content: QUESTION}],
    max_tokens: MAX_TOKENS, temperature, top_p: 1, seed, n: count, stream,
    thinking: thinking ? {type: 'enabled', budget_tokens: 12} : {type: 'disabled'},
    ...(json && {response_format: {type: 'json_schema', json_schema: described(json)}}),
    ...(tools.length > 0 && {
      tools: tools.map((tool) => ({type: 'function', function: {...tool, strict: true}})),
      tool_choice: ['auto', 'required'].includes(choice) ? choice : {type: 'function', function: {name: choice}},
      parallel_tool_calls: several,
    }),
  }),
  whole: ({choices}) => choices.map(({message, finish_reason, repaired}) => ({
    content: message.content ?? '',
    calls: (message.tool_calls ?? []).map((call) => call.function),
    ended: finish_reason,
    repaired,
  })),
  joined: (events) => {
    const answers = [];
    for (const {index, delta, finish_reason, repaired} of events.flatMap((event) => event.choices)) {
      const answer = answers[index] ??= {content: '', calls: []};
      answer.content += delta.content ?? '';
      for (const call of delta.tool_calls ?? []) {
        const told = answer.calls[call.index] ??= {name: '', arguments: ''};
        told.name += call.function.name ?? '';
        told.arguments += call.function.arguments ?? '';
      }
      answer.ended = finish_reason ?? answer.ended;
      answer.repaired = repaired ?? answer.repaired;
    }
    return answers;
  },
};

const ofResponse = ({output, status, repaired}) => {
  const calls = output.filter(({type, status}) => type === 'function_call' && status === 'completed');
  const content = output.filter(({type}) => type === 'message')
    .flatMap((item) => item.content).map((part) => part.text).join('');
  const ended = status === 'incomplete' ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop';
  return [{content, calls: calls.map(({name, arguments: text}) => ({name, arguments: text})), ended, repaired}];
};

const responses = {
  path: '/v1/responses',
  body: ({json, tools, choice, several, thinking, stream, temperature}) => ({
    input: QUESTION, max_output_tokens: MAX_TOKENS, temperature, top_p: 1, store: false, stream,
    ...(thinking ? {reasoning: {effort: 'high', max_tokens: 12}} : {thinking: false}),
    ...(json && {text: {format: {type: 'json_schema', ...described(json)}}}),
    ...(tools.length > 0 && {
      tools: tools.map((tool) => ({type: 'function', ...tool, strict: true})),
      tool_choice: ['auto', 'required'].includes(choice) ? choice : {type: 'function', name: choice},
      parallel_tool_calls: several,
    }),
  }),
  whole: ofResponse,
  joined: (events) => ofResponse(
    events.find(({type}) => ['response.completed', 'response.incomplete'].includes(type)).response),
};

const STOPS = {end_turn: 'stop', tool_use: 'tool_calls', max_tokens: 'length'};

const messages = {
  path: '/v1/messages',
  body: ({json, tools, choice, several, stream, temperature}) => ({
    messages: [{role: 'user', content: QUESTION}],
    max_tokens: MAX_TOKENS, temperature, top_p: 1, stream, thinking: {type: 'disabled'},
    ...(json && {output_config: {format: {type: 'json_schema', schema: json}}}),
    ...(tools.length > 0 && {
      tools: tools.map(({name, parameters}) => ({name, input_schema: parameters, strict: true})),
      tool_choice: {
        ...(choice === 'auto' ? {type: 'auto'} : choice === 'required' ? {type: 'any'} : {type: 'tool', name: choice}),
        disable_parallel_tool_use: !several,
      },
    }),
  }),
  whole: ({content, stop_reason, repaired}) => [{
    content: content.filter(({type}) => type === 'text').map(({text}) => text).join(''),
    calls: content.filter(({type}) => type === 'tool_use')
      .map(({name, input}) => ({name, arguments: JSON.stringify(input)})),
    ended: STOPS[stop_reason],
    repaired,
  }],
  joined: (events) => {
    const answer = {content: '', calls: []};
    for (const event of events) {
      if (event.content_block?.type === 'tool_use') answer.calls.push({name: event.content_block.name, arguments: ''});
      answer.content += event.delta?.text ?? '';
      if (event.delta?.partial_json !== undefined) answer.calls.at(-1).arguments += event.delta.partial_json;
      if (event.delta?.stop_reason) answer.ended = STOPS[event.delta.stop_reason];
      answer.repaired = event.delta?.repaired ?? answer.repaired;
    }
    return [answer];
  },
};

export const APIS = {chat, responses, messages};
