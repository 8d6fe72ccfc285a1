// The coding agents: how each is pointed at a server, asked one thing, and which tools it offers.
//
// An agent is started with nothing of the caller's environment but PATH. Its home is a folder of the
// test, so that it reads no settings of the machine and leaves none behind.
import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';

// prepare({home, url, key, model})       writes the agent's settings
// command({bin, url, key, model, ask})   {program, args, env} of one question, which is then over
// goOn                                   the same for a question more in the same conversation
// tools                                  a call of the agent's own tool, by what it does; `folder` is
//                                        where the agent works
export const agents = {
  pi: {
    package: '@mariozechner/pi-coding-agent',
    api: '/v1/chat/completions',
    prepare({home, url, key, model}) {
      const models = {providers: {fathom: {
        baseUrl: `${url}/v1`, api: 'openai-completions', apiKey: key,
        models: [{id: model, reasoning: true, contextWindow: 131072, maxTokens: 8192}],
      }}};
      mkdirSync(path.join(home, '.pi/agent'), {recursive: true});
      writeFileSync(path.join(home, '.pi/agent/models.json'), JSON.stringify(models));
    },
    command: ({bin, model, ask, more = []}) => ({
      program: path.join(bin, '.bin/pi'),
      args: [...more, '--provider', 'fathom', '--model', model, '-p', ask],
      env: {PI_OFFLINE: '1'},
    }),
    goOn: ['--continue'],
    tools: {
      shell: (command) => ['bash', {command}],
      read: (folder, name) => ['read', {path: name}],
      write: (folder, name, content) => ['write', {path: name, content}],
    },
  },

  codex: {
    package: '@openai/codex',
    api: '/v1/responses',
    prepare({home, url, model}) {
      const settings = [
        `model = "${model}"`, 'model_provider = "fathom"', '[model_providers.fathom]',
        'name = "Fathom"', `base_url = "${url}/v1"`, 'env_key = "FATHOM_KEY"',
        'wire_api = "responses"', '[features]', 'plugins = false', ''];
      mkdirSync(path.join(home, '.codex'), {recursive: true});
      writeFileSync(path.join(home, '.codex/config.toml'), settings.join('\n'));
    },
    command: ({bin, key, ask, more = []}) => ({
      program: path.join(bin, '.bin/codex'),
      // The test's folder is no repository, and its own sandbox needs rights that a container lacks.
      args: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', ...more, ask],
      env: {FATHOM_KEY: key},
    }),
    goOn: ['resume', '--last'],
    tools: {
      shell: (cmd) => ['exec_command', {cmd}],
      read: (folder, name) => ['exec_command', {cmd: `cat ${name}`}],
      write: (folder, name, content) => ['exec_command', {cmd: `cat > ${name} <<'END'\n${content}END`}],
    },
  },

  'claude-code': {
    package: '@anthropic-ai/claude-code',
    api: '/v1/messages',
    prepare() {},
    command: ({bin, url, key, model, ask, more = []}) => ({
      program: path.join(bin, '@anthropic-ai/claude-code-linux-x64/claude'),
      args: ['-p', '--dangerously-skip-permissions', ...more, ask],
      env: {
        ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key,
        ANTHROPIC_MODEL: model, ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',  // or it refuses to skip permissions as root
      },
    }),
    goOn: ['--continue'],
    tools: {
      shell: (command) => ['Bash', {command, description: 'what the test asks for'}],
      read: (folder, name) => ['Read', {file_path: path.join(folder, name)}],
      write: (folder, name, content) => ['Write', {file_path: path.join(folder, name), content}],
    },
  },
};
