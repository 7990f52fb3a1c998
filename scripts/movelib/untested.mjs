// `scripts/move untested`: public functions and error constants that no unit test names.
//
// Textual, so it finds what was forgotten, not what is tested badly. A function counts as tested
// when something under tests/ calls it (`module::name(`, `.name(`, or imported), an error when an
// `expected_failure` names it. What cannot be tested in the WASM VM is listed with its reason in the
// package's `untested.txt`, a line each: `module::name: reason`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, readPackage, repositoryPath } from "./packages.mjs";

/** Prints what is untested in the package; returns how many problems there are. */
export function reportUntested(folder) {
  const exempt = readExemptions(folder);
  const missing = untestedItems(folder);
  const problems = missing.filter((item) => !exempt.has(item)).map((item) => `${item} has no test`);
  for (const item of exempt.keys()) {
    if (!missing.includes(item)) problems.push(`${item} is listed in untested.txt but does not exist, or has a test`);
  }
  for (const problem of problems) console.log(`${repositoryPath(folder)}: ${problem}`);
  return problems.length;
}

function readExemptions(folder) {
  const path = join(folder, "untested.txt");
  const exempt = new Map();
  if (!existsSync(path)) return exempt;
  for (const line of readFileSync(path, "utf8").split("\n").filter((text) => text.trim() && !text.startsWith("#"))) {
    const match = /^(\w+::\w+): (\S.*)$/.exec(line);
    if (!match) throw new Failure(`${repositoryPath(path)}: not of the form 'module::name: reason': ${line}`);
    exempt.set(match[1], match[2]);
  }
  return exempt;
}

function untestedItems(folder) {
  const files = readPackage(folder, { tests: true });
  const text = (prefix) => Object.keys(files).filter((path) => path.startsWith(prefix)).map((path) => withoutComments(files[path]));
  const tests = text("tests/").join("\n");
  return text("sources/").flatMap((source) => untestedInModule(source, tests));
}

function untestedInModule(source, tests) {
  const module = /\bmodule\s+\w+::(\w+)/.exec(source)?.[1];
  if (!module) return [];
  const called = calls(tests, module);
  const functions = publicFunctions(source).filter(({ names }) => !names.some(called)).map(({ names }) => names[0]);
  const errors = [...source.matchAll(/\bconst\s+(E[A-Z]\w*[a-z]\w*)\s*:/g)].map((match) => match[1]);
  const expected = expectedErrors(tests, module);
  return [...functions, ...errors.filter((name) => !expected(name))].map((name) => `${module}::${name}`);
}

/** Functions that other packages can call, with the method aliases that the module declares. */
function publicFunctions(source) {
  const declaration = /((?:#\[[^\]]*\]\s*)*)(?:\b(public)\s*(\(\s*package\s*\))?\s+)?(?:(entry)\s+)?(?:native\s+)?(?:macro\s+)?\bfun\s+(\w+)/g;
  const found = [];
  for (const [, attributes, isPublic, isPackage, isEntry, name] of source.matchAll(declaration)) {
    const reachable = (isPublic && !isPackage) || isEntry;
    if (!reachable || /\btest/.test(attributes)) continue;
    const aliases = [...source.matchAll(new RegExp(`\\buse\\s+fun\\s+(?:\\w+::)*${name}\\s+as\\s+\\w+\\.(\\w+)`, "g"))];
    found.push({ names: [name, ...aliases.map((match) => match[1])] });
  }
  return found;
}

/** A predicate: do the tests call this function of the module? */
function calls(tests, module) {
  const qualifiers = namesOf(tests, module).map((name) => `\\b${name}::`);
  return (name) => {
    const call = `${name}\\b\\s*!?\\s*[(<]`;
    return new RegExp(`(?:${[...qualifiers, "\\."].join("|")})${call}`).test(tests)
      || (isImported(tests, module, name) && new RegExp(`\\b${call}`).test(tests));
  };
}

/** A predicate: does an expected failure name this error of the module? */
function expectedErrors(tests, module) {
  const codes = [...tests.matchAll(/\babort_code\s*=\s*([\w:]+)/g)].map((match) => match[1].split("::").slice(-2));
  const qualifiers = namesOf(tests, module);
  return (name) => codes.some((path) => path.at(-1) === name
    && (path.length === 1 ? isImported(tests, module, name) : qualifiers.includes(path[0])));
}

/** The module's name and what the tests rename it to. */
function namesOf(tests, module) {
  const direct = [...tests.matchAll(new RegExp(`::${module}\\s+as\\s+(\\w+)`, "g"))];
  const inList = [...tests.matchAll(new RegExp(`::${module}::\\{[^}]*\\bSelf\\s+as\\s+(\\w+)`, "g"))];
  return [module, ...direct, ...inList].map((match) => (typeof match === "string" ? match : match[1]));
}

function isImported(tests, module, name) {
  return new RegExp(`::${module}::(?:${name}\\b|\\{[^}]*\\b${name}\\b)`).test(tests);
}

/** The source with comments and the contents of strings removed. */
function withoutComments(source) {
  return source.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (match) => (match.startsWith('"') ? '""' : " "));
}
