// node validate.mjs DOCUMENT: checks an OpenAPI description against the specification's own schema, and every example in it against
// the schema that stands beside it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const fromHere = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(fromHere.resolve(name)).href);
const { Validator } = await load("@seriousme/openapi-schema-validator");
const { default: Ajv } = await load("ajv/dist/2020.js");
const { default: addFormats } = await load("ajv-formats");

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const problems = [];

const validator = new Validator();
const validated = await validator.validate(structuredClone(document));
if (!validated.valid) problems.push(`the document: ${JSON.stringify(validated.errors, null, 2)}`);
if (validator.version !== "3.1") problems.push(`the document is of OpenAPI ${validator.version}`);

const ajv = new Ajv.default({ strict: false });
addFormats.default(ajv);
ajv.addSchema(document, "openapi.json");

let examples = 0;
const check = (schemaAt, example) => {
  examples += 1;
  const fits = ajv.compile({ $ref: `openapi.json#${schemaAt}` });
  if (!fits(example)) problems.push(`an example at ${schemaAt}: ${JSON.stringify(fits.errors)}`);
};
const walk = (node, at) => {
  if (node === null || typeof node !== "object") return;
  if ("schema" in node && "example" in node) check(`${at}/schema`, node.example);
  if ("schema" in node && "examples" in node) {
    for (const { value } of Object.values(node.examples)) check(`${at}/schema`, value);
  }
  for (const [key, child] of Object.entries(node)) {
    if (key === "example" || key === "examples" || key === "schemas") continue;
    walk(child, `${at}/${encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))}`);
  }
};
walk(document, "");
if (examples === 0) problems.push("the document has no examples");

for (const problem of problems) console.error(problem);
console.log(`${examples} examples, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
