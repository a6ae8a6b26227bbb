// check_openapi.mjs FILE: lints a description of an API with the recommended rules of Redocly.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const program = join(dirname(require.resolve("@redocly/cli/package.json")), "bin", "cli.js");
try {
  const text = execFileSync(
    process.execPath,
    [program, "lint", "--extends=recommended", "--skip-rule=no-server-example.com",
     "--skip-rule=operation-4xx-response", process.argv[2]],
    { env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
      encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  console.log(text);
} catch (error) {
  console.error(error.stdout, error.stderr);
  process.exit(1);
}
