// Writes src/generated/ from docs/openapi.json: the types of all paths, and which requests take an Idempotency-Key.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const here = new URL("..", import.meta.url);
const page = JSON.parse(await readFile(new URL("../../docs/openapi.json", here), "utf-8"));

const takesKey = (operation) => (operation.parameters ?? []).some((one) => one.name === "Idempotency-Key");
const keyed = Object.entries(page.paths)
  .filter(([, methods]) => methods.post && takesKey(methods.post))
  .map(([path]) => path)
  .sort();

const head = "// Generated from docs/openapi.json: npm run generate.\n";
const folder = new URL("src/generated/", here);
await mkdir(folder, { recursive: true });
await writeFile(new URL("schema.ts", folder), head + astToString(await openapiTS(page, { defaultNonNullable: false })));
const lines = keyed.map((path) => `  ${JSON.stringify(path)},\n`).join("");
await writeFile(
  new URL("keyed.ts", folder),
  `${head}\n/** The paths whose POST takes an Idempotency-Key. */\nexport const KEYED: readonly string[] = [\n${lines}];\n`,
);
