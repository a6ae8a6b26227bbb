// Usage: node compile.mjs FOLDER
// Compiles every .ts and .tsx file of the folder strictly against the types of React 19.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const folder = process.argv[2];
const project = join(folder, "tsconfig.json");
const react = join(packages, "@types/react");
const compilerOptions = {
  strict: true,
  noEmit: true,
  noUnusedLocals: true,
  isolatedModules: true,
  jsx: "react-jsx",
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  types: [],
  // The files are not in a package that depends on React, so they are told where it is.
  paths: { react: [react], "react/*": [join(react, "*")] },
};
writeFileSync(project, JSON.stringify({ compilerOptions, include: ["**/*.ts", "**/*.tsx"] }));
const tsc = spawnSync(
  join(packages, ".bin/tsc"),
  ["--project", project, "--pretty", "false", "--listFiles"],
  { encoding: "utf8", maxBuffer: 1 << 28 },
);
const lines = tsc.stdout.split("\n");
const compiled = lines.filter((line) => line.endsWith(".tsx") && !line.includes("node_modules"));
const faults = lines.filter((line) => / error TS\d+: |^error TS\d+: /.test(line));
console.log(`${compiled.length} components compiled, ${faults.length} errors`);
for (const fault of faults.slice(0, 20)) console.error(fault);
process.exit(tsc.status === 0 && faults.length === 0 ? 0 : 1);
