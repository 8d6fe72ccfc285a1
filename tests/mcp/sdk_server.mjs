// A tool server made with the protocol's own SDK.
//
//   sdk_server.mjs stdio       on standard input and output
//   sdk_server.mjs stateful    over HTTP, in sessions, with streams of events; prints its address
//   sdk_server.mjs stateless   over HTTP, without sessions, with JSON; prints its address
import {createServer} from 'node:http';
import {randomUUID} from 'node:crypto';
import {McpServer} from '@modelcontextprotocol/sdk/server/mcp.js';
import {StdioServerTransport} from '@modelcontextprotocol/sdk/server/stdio.js';
import {StreamableHTTPServerTransport} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {z} from 'zod';

const way = process.argv[2];
const sessions = new Map();  // id → transport
let cancelled = 0;

const text = (value) => ({content: [{type: 'text', text: String(value)}]});

function makeServer() {
  const server = new McpServer({name: 'sdk', version: '1.0'}, {capabilities: {logging: {}}});
  const tool = (name, description, inputSchema, run, more = {}) =>
      server.registerTool(name, {description, inputSchema, ...more}, run);

  tool('add', 'Add two numbers', {a: z.number(), b: z.number()}, ({a, b}) => text(a + b));
  const weather = {temperature: 12, sky: 'rain'};
  tool('get_weather', 'Get the current weather for a city', {city: z.string().describe('The city name')},
       () => ({...text(JSON.stringify(weather)), structuredContent: weather}),
       {outputSchema: {temperature: z.number(), sky: z.string()}});
  tool('fail', 'Always fails', {}, () => { throw new Error('the disk is on fire'); });
  tool('mixed', 'All kinds of content', {}, () => ({content: [
    {type: 'text', text: 'first'},
    {type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png'},
    {type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav'},
    {type: 'resource_link', uri: 'file:///notes.txt', name: 'notes'},
    {type: 'resource', resource: {uri: 'file:///a.txt', text: 'inside'}},
  ]}));
  const untilCancelled = (_args, extra) => new Promise((resolve) => {
    const beat = setInterval(() => server.server.sendLoggingMessage({level: 'info', data: 'still here'}), 20);
    extra.signal.addEventListener('abort', () => {
      clearInterval(beat);
      cancelled++;
      resolve(text('cancelled'));
    });
  });
  tool('slow', 'Does not end until it is cancelled', {}, untilCancelled);
  tool('set_timer', 'Start a countdown timer', {minutes: z.number().int().describe('Minutes')}, untilCancelled);
  tool('cancelled', 'How many calls were cancelled', {}, () => text(cancelled));
  tool('large', 'A text of so many bytes', {bytes: z.number()}, ({bytes}) => text('x'.repeat(bytes)));
  tool('ask', 'Asks the client for what it does not do', {}, async () => {
    const replies = [await server.server.ping().then(() => 'pong')];
    const ask = {messages: [], maxTokens: 1};
    replies.push(await server.server.request({method: 'sampling/createMessage', params: ask}, z.any())
        .then(() => 'sampled', (error) => `refused ${error.code}`));
    return text(replies.join(', '));
  });
  tool('grow', 'Adds a tool', {}, () => {
    tool('grown', 'It was added later', {}, () => text('new'));
    return text('grown');
  });
  tool('forget', 'Ends all sessions', {}, () => {
    setTimeout(() => sessions.clear(), 0);
    return text('forgotten');
  });
  return server;
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return pieces.length > 0 ? JSON.parse(Buffer.concat(pieces).toString()) : undefined;
}

async function serveStateful(request, response) {
  const body = await bodyOf(request);
  const id = request.headers['mcp-session-id'];
  if (id !== undefined) {
    const known = sessions.get(id);
    if (known === undefined) return response.writeHead(404).end();
    return known.handleRequest(request, response, body);
  }
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (fresh) => sessions.set(fresh, transport),
  });
  await makeServer().connect(transport);
  await transport.handleRequest(request, response, body);
}

async function serveStateless(request, response) {
  if (request.method !== 'POST') return response.writeHead(405).end();
  const transport = new StreamableHTTPServerTransport({sessionIdGenerator: undefined, enableJsonResponse: true});
  const server = makeServer();
  await server.connect(transport);
  response.on('close', () => server.close());
  await transport.handleRequest(request, response, await bodyOf(request));
}

if (way === 'stdio') {
  await makeServer().connect(new StdioServerTransport());
  console.error('serving on stdio');
} else {
  const serve = way === 'stateful' ? serveStateful : serveStateless;
  const http = createServer((request, response) => serve(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }));
  http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
  process.stdin.resume().on('end', () => process.exit(0));
}
