// npm ai with @ai-sdk/deepseek.
import { createDeepSeek } from '@ai-sdk/deepseek';
import { runAi } from './ai_scenarios.mjs';
import { key, url } from './scenario.mjs';

const provider = createDeepSeek({ baseURL: `${url}/v1`, apiKey: key });
runAi('ai with deepseek', provider, { deepseek: { thinking: { type: 'enabled' } } });
