// Usage: check_mcp.mjs CHECK, with GANTRY_MCP_URL or GANTRY_PROGRAM in the environment.
// Prints what the tool says, and exits with its code.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const node = join(packages, 'node/bin/node');
const url = process.env.GANTRY_MCP_URL;
const program = process.env.GANTRY_PROGRAM;
const suite = (version, ...more) => [
  join(packages, `conformance-${version}/dist/index.js`), 'server', '--url', url, ...more,
];
const inspector = (target, ...more) => [
  join(packages, '@modelcontextprotocol/inspector-cli/build/index.js'), ...target, ...more,
];
const stdio = [program, 'mcp'];
const http = [url, '--transport', 'http'];
const call = ['--method', 'tools/call', '--tool-name', 'batch_status'];

const checks = {
  'conformance-0.1': [suite('0.1')],
  'requirements-2025-11-25': [suite('0.2', '--requirements', '2025-11-25')],
  'requirements-2026-07-28': [suite('0.2', '--requirements', '2026-07-28')],
  'inspector-stdio': [inspector(stdio, '--method', 'tools/list'), inspector(stdio, ...call)],
  'inspector-http': [inspector(http, '--method', 'tools/list'), inspector(http, ...call)],
};

if (!existsSync(node)) {
  console.log('skipped: npm has not brought a node of version 22');
  process.exit(77);
}
for (const command of checks[process.argv[2]]) {
  const result = spawnSync(node, command, { stdio: 'inherit' });
  if (result.status !== 0) process.exit(1);
}
