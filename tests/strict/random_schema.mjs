// Random schemas of the words that are supported, as clients combine them. The same for a seed.

// The generator mulberry32: 32 bits of state, enough to vary schemas.
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  return {below, chance: (p) => next() < p, pick: (list) => list[below(list.length)]};
}

const FORMATS = [
  'date', 'time', 'date-time', 'duration', 'email', 'uuid', 'ipv4', 'ipv6', 'uri', 'uri-reference',
  'hostname', 'json-pointer', 'relative-json-pointer', 'byte', 'idn-email', 'iri',
];
const PATTERNS = [
  '^[a-z]+$', '^[A-Z]{2}-\\d{3,5}$', 'x', '^(?:red|green|blue)-?$', '^\\+?[1-9]\\d{1,14}$', '[^a-z]$',
  '^\\S+$', '^.{3}$', '^"[^"\\\\]*"$', '\\p{L}\\d|^$', '^(a|b)*c{2,}(?:d?e)+$', '^[\\w.-]+@[\\w-]+\\.\\w{2,}$',
  '^(?!x)[a-z]{3,6}$', '^(?=.*\\d)(?=.*[a-z])[a-z0-9]{4,8}$', '\\u00e9|[\\x41-\\x43]', '^[\\s\\S]*$', '(^a|b$)',
];
const NAMES = ['id', 'name', 'kind', 'value', 'items', 'x y', 'ä', 'quote"d', 'back\\slash', 'a/b', 'ids', 'na', ''];

export function randomSchema(random, depth = 0, defs = null) {
  const {below, chance, pick} = random;
  if (depth === 0) {
    // Names of definitions that the schema may use; each is written afterwards.
    const used = new Map();
    const schema = randomSchema(random, 1, used);
    const root = typeof schema === 'object' ? schema : {};
    const written = {};
    for (let i = 0; i < 6 && used.size > Object.keys(written).length; ++i) {
      for (const name of [...used.keys()]) {
        written[name] ??= randomSchema(random, 3, i < 3 ? used : null);
      }
    }
    for (const name of used.keys()) written[name] ??= {type: 'integer'};
    if (Object.keys(written).length > 0) root.$defs = written;
    return root;
  }
  const leaf = depth > 3 || chance(0.35);
  if (leaf) return pick([number, number, string, string, string, listed, simple])(random);
  const kind = below(12);
  if (kind < 4) return object(random, depth, defs);
  if (kind < 6) return array(random, depth, defs);
  if (kind === 6) return {anyOf: many(random, 1 + below(3), () => randomSchema(random, depth + 1, defs))};
  if (kind === 7) return discriminated(random, depth, defs);
  if (kind === 8) return {allOf: many(random, 1 + below(2), () => object(random, depth + 1, defs))};
  if (kind === 9 && defs !== null) {
    const name = pick(['A', 'B', 'C d', 'e~f/g']);
    defs.set(name, true);
    return {$ref: `#/$defs/${name.replace('~', '~0').replace('/', '~1').replace(' ', '%20')}`};
  }
  if (kind === 10) return {oneOf: [number(random), string(random), {type: 'null'}]};
  return array(random, depth, defs);
}

const many = (random, count, make) => Array.from({length: count}, make);

function simple({pick}) {
  return pick([
    {type: 'boolean'}, {type: 'null'}, {}, true, {type: ['string', 'null']}, {type: ['integer', 'boolean']},
    {type: ['number', 'string'], maximum: 3, maxLength: 2}, {type: 'integer', nullable: true},
    {not: {type: ['object', 'array', 'number']}}, {description: 'anything', title: 'T', default: 3},
  ]);
}

function number({below, chance, pick}) {
  const schema = {type: pick(['integer', 'integer', 'number'])};
  const low = pick([-1000, -17, -1, 0, 0, 1, 9, 10, 99, 0.5, -2.25, 1e-3, 1e5]);
  const width = pick([0, 1, 5, 90, 1000, 0.75, 12345, 1e9]);
  if (chance(0.5)) schema[pick(['minimum', 'minimum', 'exclusiveMinimum'])] = low;
  if (chance(0.5)) schema[pick(['maximum', 'maximum', 'exclusiveMaximum'])] = low + width;
  if (schema.type === 'integer' && chance(0.2)) schema.multipleOf = pick([1, 2, 3, 5, 7, 10, 100]);
  if (chance(0.05)) schema.format = pick(['int32', 'int64', 'double']);
  return schema;
}

function string({below, chance, pick}) {
  const schema = {type: 'string'};
  if (chance(0.25)) schema.minLength = below(5);
  if (chance(0.3)) schema.maxLength = (schema.minLength ?? 0) + below(40);
  if (chance(0.3)) schema.pattern = pick(PATTERNS);
  else if (chance(0.4)) schema.format = pick(FORMATS);
  return schema;
}

function listed({below, chance, pick}) {
  const values = ['a', 'b"c', 'ä\n', '', 1, 2.5, -3, null, true, false, {x: [1, {}], y: 'z'}, [], [1, 'a'], 1e21];
  if (chance(0.4)) return {const: pick(values)};
  const schema = {enum: Array.from({length: 1 + below(5)}, () => pick(values))};
  if (chance(0.2)) schema.type = pick(['string', 'number', 'integer']);
  return schema;
}

function object(random, depth, defs) {
  const {below, chance, pick} = random;
  const schema = {type: 'object'};
  const names = [...new Set(Array.from({length: below(6)}, () => pick(NAMES)))];
  if (names.length > 0 || chance(0.5)) {
    schema.properties = Object.fromEntries(names.map((name) => [name, randomSchema(random, depth + 1, defs)]));
  }
  const required = names.filter(() => chance(0.5));
  if (chance(0.1)) required.push(pick(NAMES));
  if (required.length > 0) schema.required = [...new Set(required)];
  if (chance(0.4)) schema.additionalProperties = false;
  else if (chance(0.4)) schema.additionalProperties = randomSchema(random, depth + 1, defs);
  if (chance(0.1)) schema.minProperties = below(3);
  if (chance(0.1)) schema.maxProperties = 1 + below(4);
  if (chance(0.1)) schema.patternProperties = {[pick(['^id', 's$', '.'])]: randomSchema(random, depth + 1, defs)};
  if (chance(0.1)) schema.propertyNames = pick([{pattern: '^[a-z]+$'}, {maxLength: 5}, {enum: NAMES}]);
  return schema;
}

function array(random, depth, defs) {
  const {below, chance} = random;
  const schema = {type: 'array'};
  if (chance(0.8)) schema.items = randomSchema(random, depth + 1, defs);
  if (chance(0.2)) schema.prefixItems = many(random, 1 + below(3), () => randomSchema(random, depth + 1, defs));
  if (chance(0.1)) schema.items = false;
  if (chance(0.3)) schema.minItems = below(3);
  if (chance(0.3)) schema.maxItems = (schema.minItems ?? 0) + below(4);
  return schema;
}

// What pydantic and zod make of a union with a discriminator.
function discriminated(random, depth, defs) {
  const {below, chance} = random;
  const branches = many(random, 2 + below(3), () => object(random, depth + 1, defs));
  branches.forEach((branch, i) => {
    branch.properties = {tag: chance(0.5) ? {const: `t${i}`} : {enum: [`t${i}`, i]}, ...branch.properties};
    branch.required = ['tag', ...(branch.required ?? [])];
    delete branch.propertyNames;
    delete branch.maxProperties;
  });
  return {oneOf: branches};
}
