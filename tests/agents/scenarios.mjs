// What every agent goes through: a question, what the scripted model says to it and to the results
// of its tools, and what must have happened.
//
// The model never knows a result beforehand: its next line is said only to a text that the shell or
// the file alone can have given. So the last line proves that the tool ran and its result came back.
import assert from 'node:assert/strict';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

const end = '<｜end▁of▁sentence｜>';

// [name, {parameter: text or number}]... in the model's markup.
function calls(...list) {
  const invoke = ([name, parameters]) => {
    const written = Object.entries(parameters).map(([key, value]) => {
      const text = typeof value === 'string';
      return `<｜DSML｜parameter name="${key}" string="${text}">${text ? value : JSON.stringify(value)}</｜DSML｜parameter>\n`;
    });
    return `<｜DSML｜invoke name="${name}">\n${written.join('')}</｜DSML｜invoke>\n`;
  };
  return `\n\n<｜DSML｜function_calls>\n${list.map(invoke).join('')}</｜DSML｜function_calls>${end}`;
}
const say = (text) => `I know what to say.</think>${text}${end}`;
const call = (...list) => `A tool will tell.</think>One moment.${calls(...list)}`;

const read = (folder, name) => readFileSync(path.join(folder, name), 'utf8');
const poem = 'naïve "quoted" \\n & <b>bold</b>\n\tC:\\temp — 雨 🙂 $HOME `x`\n';

// ask                the question
// files              what lies in the folder before
// script(tools, folder)   [[when, say]...]; the first line whose text the prompt's last messages hold
// check({output, folder, code, ...})
export const scenarios = {
  'a command is run and its result comes back': {
    ask: 'Make the file.',
    script: (tools) => [
      ['plum-42', say('The file holds plum and forty-two.')],
      ['Make the file.', call(tools.shell('echo plum-$((40+2)) > made.txt; cat made.txt'))],
    ],
    check({output, folder}) {
      assert.equal(read(folder, 'made.txt'), 'plum-42\n');
      assert.match(output, /The file holds plum and forty-two\./);
    },
  },

  'two rounds of tools, the second after the first': {
    ask: 'Look into both files.',
    files: {'one.txt': 'the first says anchor-17\n', 'two.txt': '32-epor\n'},
    script: (tools, folder) => [
      ['rope-23', say('They are an anchor and a rope.')],
      ['anchor-17', call(tools.shell('rev two.txt | tee rope.txt'))],
      ['Look into both files.', call(tools.read(folder, 'one.txt'))],
    ],
    check({output, folder}) {
      assert.equal(read(folder, 'rope.txt'), 'rope-23\n');
      assert.match(output, /They are an anchor and a rope\./);
    },
  },

  'two calls in one answer': {
    ask: 'Use both hands.',
    script: (tools) => [
      ['right-3', say('Both hands were used.')],
      ['left-2', say('One result is missing.')],
      ['Use both hands.', call(tools.shell('echo left-$((1+1)) | tee left.txt'),
                               tools.shell('echo right-$((1+2)) | tee right.txt'))],
    ],
    check({output, folder}) {
      assert.equal(read(folder, 'left.txt') + read(folder, 'right.txt'), 'left-2\nright-3\n');
      assert.match(output, /Both hands were used\./);
    },
  },

  'a file is written to the letter': {
    ask: 'Write the poem.',
    script: (tools, folder) => [
      ['seal-9', say('The poem is written.')],
      ['Write the poem.', call(tools.write(folder, 'poem.txt', poem),
                               tools.shell('echo seal-$((3*3))'))],
    ],
    check({output, folder}) {
      assert.equal(read(folder, 'poem.txt'), poem);
      assert.match(output, /The poem is written\./);
    },
  },

  'a command that fails is told to the model': {
    ask: 'Look where nothing is.',
    script: (tools) => [
      ['No such file', say('There is nothing.')],
      ['Look where nothing is.', call(tools.shell('cat nothing-$((5+5)).txt; exit 3'))],
    ],
    check({output}) {
      assert.match(output, /There is nothing\./);
    },
  },

  'a second question in the same conversation': {
    ask: 'My word is teapot. Keep it.',
    goOn: 'Which word was it? Write it down.',
    script: (tools) => [
      ['word-8', say('It is written down.')],
      ['Which word was it?', call(tools.shell('echo teapot > word.txt; echo word-$((4+4))'))],
      ['My word is teapot.', say('I keep it.')],
    ],
    async check({output, folder, records}) {
      assert.equal(read(folder, 'word.txt'), 'teapot\n');
      assert.match(output, /It is written down\./);
    },
  },

  'an agent that is killed frees its place': {
    ask: 'Count to ten thousand.',
    script: () => [['Count to ten thousand.', say(Array.from({length: 10_000}, (_, i) => i).join(' '))]],
    killWhenRunning: true,
    check({ends}) {
      assert.deepEqual(ends, {gone: 1});
    },
  },

  'a wrong key is told': {
    ask: 'Make the file.',
    key: 'not-the-key-of-the-agents',
    script: (tools) => [['Make the file.', call(tools.shell('touch made.txt'))]],
    check({output, folder, ends, agent}) {
      assert.ok(!existsSync(path.join(folder, 'made.txt')));
      assert.match(output, /401|API key is not valid/);
      assert.deepEqual(ends, {});
    },
  },

  'a wrong model is told, with the names that there are': {
    ask: 'Make the file.',
    model: 'gpt-9',
    script: (tools) => [['Make the file.', call(tools.shell('touch made.txt'))]],
    check({output, folder, ends}) {
      assert.ok(!existsSync(path.join(folder, 'made.txt')));
      assert.match(output, /gpt-9/);
      assert.deepEqual(ends, {});
    },
  },
};

// The lines for scripted_server; whatever no line fits is answered, so that an agent's questions on
// the side (a title for the conversation) don't hold it up.
export function scriptOf(scenario, tools, folder) {
  const lines = scenario.script(tools, folder).map(([when, said]) => ({when, say: said}));
  return JSON.stringify([...lines, {when: '', say: say('The script has nothing for this.')}]);
}

export function lay(folder, files = {}) {
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
}
