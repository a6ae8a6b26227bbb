// Figma's official OpenAPI as two questions: does this answer, does this request conform to it?
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv/dist/2020.js";
import * as yaml from "js-yaml";

const require = createRequire(import.meta.url);
const documentPath = require.resolve("@figma/rest-api-spec/openapi/openapi.yaml");
const document = yaml.load(readFileSync(documentPath, "utf8"));

const ajv = new Ajv({ strict: false, allErrors: false });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
ajv.addFormat("uri", (text) => URL.canParse(text));
ajv.addSchema(document, "figma");

const templates = Object.keys(document.paths).map((template) => ({
  template,
  pattern: new RegExp("^" + template.replace(/\{[^}]+\}/g, "[^/]+") + "$"),
  // /v1/files/:key/meta also looks like no other template, but the longer one is the better match.
  weight: template.replace(/\{[^}]+\}/g, "").length,
}));

function operationOf(method, path) {
  const [found] = templates
    .filter(({ pattern }) => pattern.test(path))
    .sort((a, b) => b.weight - a.weight);
  const operation = found && document.paths[found.template][method.toLowerCase()];
  if (!operation) throw new Error(`${method} ${path}: the OpenAPI has no such operation`);
  return operation;
}

function explain(validate) {
  const [first] = validate.errors;
  return `${first.instancePath || "/"} ${first.message} ${JSON.stringify(first.params)}`;
}

function resolve(object) {
  if (!object.$ref) return object;
  return object.$ref
    .slice(2)
    .split("/")
    .reduce((place, name) => place[name], document);
}

// References inside a schema are relative to the document, so they are given its address.
function withAddress(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"figma#/components/'));
}

/** Throws with the place and the reason if `body` is not what the operation answers. */
export function checkAnswer(method, target, status, body) {
  const path = target.split("?")[0];
  const declared = operationOf(method, path).responses[status];
  if (!declared) throw new Error(`${method} ${path}: status ${status} is not documented`);
  const schema = resolve(declared).content["application/json"].schema;
  const validate = ajv.compile(withAddress(schema));
  if (!validate(JSON.parse(body))) {
    throw new Error(`${method} ${target}: answer ${status}: ${explain(validate)}`);
  }
}

function typed(text, schema) {
  if (schema.type === "number" || schema.type === "integer") return Number(text);
  if (schema.type === "boolean") return { true: true, false: false }[text] ?? text;
  return text;
}

/** Throws with the parameter and the reason if the request is not one that Figma documents. */
export function checkRequest(method, target) {
  const url = new URL(target, "http://figma.test");
  const parameters = operationOf(method, url.pathname).parameters.map(resolve);
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  const complain = (text) => {
    throw new Error(`${method} ${target}: ${text}`);
  };
  for (const [name, text] of url.searchParams) {
    const parameter = inQuery.find((candidate) => candidate.name === name);
    if (!parameter) complain(`the OpenAPI has no parameter '${name}'`);
    const validate = ajv.compile(withAddress(parameter.schema));
    if (!validate(typed(text, parameter.schema))) complain(`${name}: ${explain(validate)}`);
  }
  for (const { name, required } of inQuery) {
    if (required && !url.searchParams.get(name)) complain(`'${name}' is missing or empty`);
  }
}
