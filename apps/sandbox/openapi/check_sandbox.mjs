// Usage: node check_sandbox.mjs PATH_OF_GANTRY_SANDBOX
// Asks a sandbox for every endpoint it has and checks what it answers.
import { spawn } from "node:child_process";
import { checkAnswer } from "./specification.mjs";

const program = process.argv[2];
const file = "/v1/files/sandbox-light";
const good = [
  file,
  `${file}?depth=1`,
  `${file}?depth=2`,
  `${file}/meta`,
  `${file}/components`,
  `${file}/component_sets`,
  `${file}/styles`,
  `${file}/variables/local`,
  `${file}/nodes?ids=10:100,9:1,1:2`,
  // A colour, one with an opacity, a text, a gradient, a shadow, a grid.
  `${file}/nodes?ids=4:100,4:164,5:103,6:1,6:2,6:3`,
  `/v1/images/sandbox-light?ids=10:100,10:101,77:7&format=svg`,
  `/v1/images/sandbox-light?ids=10:100&format=png&scale=2`,
];
const cases = [
  { options: ["--meta", "wrapped", "--icons", "50"], status: 200, targets: good },
  {
    options: [],
    status: 404,
    targets: good.map((target) => target.replace("sandbox-light", "none")),
  },
  { options: ["--valid-token-until", "1"], status: 403, skip: 1, targets: [file, ...good] },
  { options: ["--meta", "forbidden"], status: 403, targets: [`${file}/meta`] },
  { options: ["--variables", "forbidden"], status: 403, targets: [`${file}/variables/local`] },
  {
    options: ["--hostile"],
    status: 200,
    targets: ["styles", "variables/local", "nodes?ids=667:1,667:10"].map(
      (endpoint) => `/v1/files/sandbox-hostile/${endpoint}`,
    ),
  },
  {
    options: ["--render-timeout-above", "1"],
    status: 400,
    targets: ["/v1/images/sandbox-light", "/v1/images/sandbox-light?ids=1,2", `${file}/nodes`],
  },
  {
    options: good.flatMap((_, index) => ["--limit-once", `${index + 1}:1`]),
    status: 429,
    targets: good,
  },
];

async function start(options) {
  const child = spawn(program, ["--max-seconds", "60", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(data.toString()));
    child.once("exit", (code) => reject(new Error(`gantry-sandbox ended with ${code}`)));
  });
  return { child, base: line.trim().split(" ").pop() };
}

let checked = 0;
for (const { options, status, targets, skip = 0 } of cases) {
  const { child, base } = await start(options);
  try {
    for (const [index, target] of targets.entries()) {
      const answer = await fetch(base + target, { headers: { "X-Figma-Token": "figd_test" } });
      const body = await answer.text();
      if (index < skip) continue;
      if (answer.status !== status) throw new Error(`${target}: ${answer.status}, not ${status}`);
      checkAnswer("GET", target, status, body);
      checked += 1;
    }
  } finally {
    child.removeAllListeners("exit");
    child.kill("SIGTERM");
  }
}
console.log(`${checked} answers of the sandbox conform to Figma's OpenAPI`);
