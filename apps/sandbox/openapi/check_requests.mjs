// Usage: node check_requests.mjs FILE...
// Checks the requests that a sandbox has written with --log-requests.
import { readFileSync } from "node:fs";
import { checkRequest } from "./specification.mjs";

let checked = 0;
const faults = [];
for (const path of process.argv.slice(2)) {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  for (const [index, line] of lines.entries()) {
    const { method, target } = JSON.parse(line);
    try {
      checkRequest(method, target);
    } catch (error) {
      faults.push(`${path}:${index + 1}: ${error.message}`);
    }
    checked += 1;
  }
}
for (const fault of faults) console.error(fault);
if (checked === 0) console.error("there is no request to check");
console.log(`${checked - faults.length} of ${checked} requests conform to Figma's OpenAPI`);
process.exit(faults.length > 0 || checked === 0 ? 1 : 0);
