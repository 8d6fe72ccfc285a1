// npm ai with @ai-sdk/openai-compatible.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { runAi } from './ai_scenarios.mjs';
import { key, url } from './scenario.mjs';

const provider = createOpenAICompatible({
  name: 'fathom',
  baseURL: `${url}/v1`,
  apiKey: key,
  includeUsage: true,
});
// Options that it does not know go into the body as they are.
runAi('ai with openai-compatible', provider, { fathom: { thinking: { type: 'enabled' } } });
