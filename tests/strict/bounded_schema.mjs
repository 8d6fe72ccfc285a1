// Random schemas whose every value has an end: texts, lists and objects have a greatest size, and
// definitions don't use one another, so that a model that says anything ends its answer.
import {randomSchema} from './random_schema.mjs';

const LARGEST = 800;  // bytes of a schema as JSON
const SHORT_FORMATS = ['date', 'time', 'date-time', 'uuid', 'ipv4', 'ipv6'];
const SAYS_WHAT = ['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref', 'not', 'properties'];

// What a value must be, bounded. `inner`: inside of a definition; `part`: one of an allOf, whose
// other parts name properties too.
function bound(schema, inner, part = false) {
  if (schema === false) return schema;
  if (schema === true || !SAYS_WHAT.some((word) => word in schema)) return {type: 'boolean'};
  if (inner && schema.$ref !== undefined) return {type: 'integer'};
  const all = (schemas, of) => schemas.map((each) => bound(each, inner, of));
  const each = (schemas) => Object.fromEntries(
    Object.entries(schemas).map(([name, value]) => [name, bound(value, inner)]));
  const out = {...schema};
  for (const word of ['anyOf', 'oneOf', 'prefixItems']) if (out[word]) out[word] = all(out[word], part);
  if (out.allOf) {
    out.allOf = all(out.allOf, true);
    // Each part may name what others don't: together they name all that there is.
    const names = [...new Set(out.allOf.flatMap((one) => [...Object.keys(one.properties ?? {}), ...(one.required ?? [])]))];
    if (out.allOf.some((one) => isOf(one, 'object'))) {
      out.allOf.push(names.length > 0 ? {propertyNames: {enum: names}} : {maxProperties: 0});
    }
  }
  if (out.$defs) out.$defs = Object.fromEntries(
    Object.entries(out.$defs).map(([name, value]) => [name, bound(value, true)]));
  if (isOf(out, 'string')) boundText(out);
  if (isOf(out, 'array')) {
    out.items = out.items === undefined ? {type: 'integer'} : bound(out.items, inner);
    out.maxItems ??= Math.max(out.minItems ?? 0, out.prefixItems?.length ?? 0) + 2;
  }
  if (isOf(out, 'object') || out.properties) boundObject(out, each, part);
  return out;
}

const isOf = (schema, type) => schema.enum === undefined && schema.const === undefined &&
  ([schema.type].flat().includes(type) || schema.not !== undefined && type === 'string');

function boundText(schema) {
  if (SHORT_FORMATS.includes(schema.format)) return;
  schema.maxLength ??= (schema.minLength ?? 0) + (schema.pattern || schema.format ? 24 : 12);
}

function boundObject(schema, each, part) {
  for (const word of ['properties', 'patternProperties']) if (schema[word]) schema[word] = each(schema[word]);
  const named = Object.keys(schema.properties ?? {});
  const required = schema.required ?? [];
  const others = schema.additionalProperties;
  if (others) schema.additionalProperties = each({others}).others;
  const closed = others === false || others === undefined && required.every((name) => named.includes(name));
  if (closed && !part) schema.additionalProperties = false;
  else if (others === undefined && !part) schema.additionalProperties = {type: 'integer'};
  if (closed && !part && !schema.patternProperties) return;
  schema.maxProperties ??= Math.max(named.length, required.length) + 2;
  schema.propertyNames = {maxLength: 10, ...schema.propertyNames};
}

// A list whose end comes by chance, since what it holds is the same again.
const chain = () => ({
  $ref: '#/$defs/link',
  $defs: {link: {
    type: 'object',
    properties: {value: {type: 'integer'}, next: {anyOf: [{type: 'null'}, {$ref: '#/$defs/link'}]}},
    required: ['value', 'next'],
    additionalProperties: false,
  }},
});

function drawn(random, fits) {
  for (;;) {
    const schema = bound(randomSchema(random), false);
    if (typeof schema === 'object' && fits(schema) && JSON.stringify(schema).length <= LARGEST) return schema;
  }
}

export function boundedSchema(random) {
  return random.chance(0.04) ? chain() : drawn(random, () => true);
}

// Of a function's arguments: an object whose properties are all named, by names that can be written.
export function boundedArguments(random) {
  const schema = drawn(random, ({type, properties}) => type === 'object' && properties !== undefined);
  const writable = (name) => name === '' || name.includes('"') ? `n${name.length}` : name;
  schema.properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, value]) => [writable(name), value]));
  schema.required = [...new Set((schema.required ?? []).map(writable))].filter((name) => name in schema.properties);
  for (const word of ['minProperties', 'maxProperties', 'propertyNames', 'patternProperties']) delete schema[word];
  schema.additionalProperties = false;
  return schema;
}
