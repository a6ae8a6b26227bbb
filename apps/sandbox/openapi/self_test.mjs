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

checkRequest("GET", "/v1/images/k?ids=1%3A2,I3:4;5:6&format=svg&scale=2&use_absolute_bounds=true");
checkRequest("GET", "/v1/files/k?depth=1");
assert.throws(() => checkRequest("GET", "/v1/images/k?format=svg"), /'ids' is missing/);
assert.throws(() => checkRequest("GET", `${images}&format=gif`), /format/);
assert.throws(() => checkRequest("GET", `${images}&scale=9`), /scale/);
assert.throws(() => checkRequest("GET", `${images}&svg_include_id=yes`), /svg_include_id/);
assert.throws(() => checkRequest("GET", `${images}&unknown=1`), /no parameter 'unknown'/);
assert.throws(() => checkRequest("POST", images), /no such operation/);
console.log("the checks find what is wrong");
