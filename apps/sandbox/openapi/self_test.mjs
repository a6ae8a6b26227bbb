// The checks must be able to fail.
import assert from "node:assert/strict";
import { checkAnswer, checkRequest } from "./specification.mjs";

const images = "/v1/images/k?ids=1:2";
checkAnswer("GET", images, 200, '{"err":null,"images":{"1:2":null}}');
assert.throws(() => checkAnswer("GET", images, 200, '{"images":{}}'), /required property 'err'/);
assert.throws(() => checkAnswer("GET", images, 200, '{"err":null,"images":{"1:2":7}}'), /type/);
assert.throws(() => checkAnswer("GET", images, 418, "{}"), /not documented/);
assert.throws(() => checkAnswer("GET", "/v1/none", 200, "{}"), /no such operation/);
assert.throws(() => checkAnswer("GET", "/v1/files/k/meta", 200, '{"name":"flat"}'), /'file'/);
const variables = "/v1/files/k/variables/local";
const value = (text) =>
  `{"status":200,"error":false,"meta":{"variableCollections":{},"variables":{"v":{"id":"v",
    "name":"n","key":"k","variableCollectionId":"c","resolvedType":"COLOR","remote":false,
    "description":"","hiddenFromPublishing":false,"scopes":[],"codeSyntax":{},
    "valuesByMode":{"1:0":${text}}}}}}`;
checkAnswer("GET", variables, 200, value('{"r":0,"g":0,"b":0,"a":1}'));
assert.throws(() => checkAnswer("GET", variables, 200, value('{"r":0,"g":0,"b":2,"a":1}')));
const node = (fill) =>
  `{"name":"f","role":"viewer","lastModified":"2026-01-02T03:04:05Z","editorType":"figma",
    "thumbnailUrl":"","version":"1","nodes":{"1:2":{"components":{},"componentSets":{},"styles":{},
    "schemaVersion":0,"document":{"id":"1:2","name":"n","type":"RECTANGLE","blendMode":"NORMAL",
    "scrollBehavior":"SCROLLS","absoluteBoundingBox":null,"absoluteRenderBounds":null,"effects":[],
    "fills":[${fill}]}}}}`;
const black = '"color":{"r":0,"g":0,"b":0,"a":1}';
checkAnswer("GET", "/v1/files/k/nodes", 200, node(`{"type":"SOLID","blendMode":"NORMAL",${black}}`));
assert.throws(() => checkAnswer("GET", "/v1/files/k/nodes", 200, node(`{"type":"SOLID",${black}}`)));

checkRequest("GET", "/v1/images/k?ids=1%3A2,I3:4;5:6&format=svg&scale=2&use_absolute_bounds=true");
checkRequest("GET", "/v1/files/k?depth=1");
assert.throws(() => checkRequest("GET", "/v1/images/k?format=svg"), /'ids' is missing/);
assert.throws(() => checkRequest("GET", `${images}&format=gif`), /format/);
assert.throws(() => checkRequest("GET", `${images}&scale=9`), /scale/);
assert.throws(() => checkRequest("GET", `${images}&svg_include_id=yes`), /svg_include_id/);
assert.throws(() => checkRequest("GET", `${images}&unknown=1`), /no parameter 'unknown'/);
assert.throws(() => checkRequest("POST", images), /no such operation/);
console.log("the checks find what is wrong");
