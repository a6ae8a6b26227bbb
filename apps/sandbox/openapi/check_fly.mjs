// Usage: node check_fly.mjs TRANSCRIPT
// Checks calls to Fly's Machines API and their answers, as gantry-sandbox has written them, against
// fly.json: the operations that Gantry uses, as Fly's own OpenAPI describes them.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const document = JSON.parse(readFileSync(new URL("./fly.json", import.meta.url), "utf8"));

// Nothing but what is described: a name that is spelt wrong is not one more property.
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
  if (copy.type === "object" && copy.properties && !copy.allOf) copy.additionalProperties = false;
  return copy;
}

const ajv = new Ajv({ strict: false });
ajv.addSchema(closed(document), "fly");
const validators = new Map();

function check(schema, value, what) {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/components/', '"fly#/components/');
  if (!validators.has(text)) validators.set(text, ajv.compile(JSON.parse(text)));
  const validate = validators.get(text);
  if (validate(value)) return;
  const [first] = validate.errors;
  throw new Error(`${what}: ${first.instancePath || "/"} ${first.message}`);
}

function operationOf(method, path) {
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp("^/v1" + template.replace(/\{[^}]+\}/g, "[^/]+") + "$");
    if (pattern.test(path) && operations[method.toLowerCase()]) {
      return operations[method.toLowerCase()];
    }
  }
  throw new Error(`${method} ${path}: there is no such operation`);
}

function checkQuery(operation, parameters, what) {
  for (const [name, text] of parameters) {
    if (/^metadata\.[a-z_]+$/.test(name)) continue; // described in prose only
    const known = operation.parameters.find((one) => one.in === "query" && one.name === name);
    if (!known) throw new Error(`${what}: there is no parameter '${name}'`);
    const values = name === "state" ? text.split(",") : [text];
    for (const value of values) {
      const typed = known.schema.type === "integer" ? Number(value) : value;
      const isFlag = known.schema.type === "boolean" && ["true", "false"].includes(value);
      check(known.schema, isFlag ? value === "true" : typed, `${what}: ${name}`);
    }
  }
}

const error = { $ref: "#/components/schemas/ErrorResponse" };
let checked = 0;
for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const { method, target, request, status, answer } = JSON.parse(line);
  const url = new URL(target, "http://fly.test");
  const what = `${method} ${target}`;
  const operation = operationOf(method, url.pathname);
  checkQuery(operation, url.searchParams, what);
  const body = operation.requestBody?.content["application/json"].schema;
  if (body) check(body, request, `${what}: request`);
  if (status < 300) {
    const schema = operation.responses[status].content?.["application/json"]?.schema;
    if (schema) check(schema, answer, `${what}: answer`);
  } else {
    check(error, answer, `${what}: answer ${status}`);
  }
  checked += 1;
}
console.log(`${checked} calls are as Fly describes them`);
