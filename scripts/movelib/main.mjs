// Commands of scripts/move.
import { resolve } from "node:path";
import { build } from "./build.mjs";
import { compilePackage, runTests } from "./compiler.mjs";
import { Failure, protocolPackages, repositoryPath } from "./packages.mjs";
import { reportUntested } from "./untested.mjs";
import { vectors } from "./vectors.mjs";

const COMMANDS = {
  build: ["build [--offline]", "compile what changed into target/move; warnings fail", build],
  check: ["check [FOLDER...]", "compile packages (default: move/usd, move/atoma) and print diagnostics", check],
  test: ["test [FOLDER...]", "run the packages' unit tests in the Sui VM", test],
  untested: ["untested [FOLDER...]", "list public functions and errors that no unit test names", untested],
  vectors: ["vectors [--check]", "write move/atoma's tests of golden vectors, or check that they are current", vectors],
};

async function check(folders) {
  let failed = false;
  for (const folder of chosen(folders)) {
    try {
      const { warnings, modules } = await compilePackage(folder);
      if (warnings) process.stderr.write(`${warnings.trimEnd()}\n`);
      failed ||= Boolean(warnings);
      const bytes = modules.reduce((sum, module) => sum + module.length, 0);
      console.log(`${repositoryPath(folder)}: ${modules.length} modules, ${bytes} bytes${warnings ? ", with warnings" : ""}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      process.stderr.write(`${error.message.trimEnd()}\n`);
      failed = true;
    }
  }
  if (failed) process.exitCode = 1;
}

async function test(folders) {
  let failed = false;
  for (const folder of chosen(folders)) {
    const { passed, output } = await runTests(folder);
    process.stdout.write(`${repositoryPath(folder)}: ${output.trimEnd()}\n`);
    const total = Number(/Total tests: (\d+)/.exec(output)?.[1] ?? 0);
    const none = passed && total === 0;
    if (none) process.stderr.write(`${repositoryPath(folder)} has no tests: that is a failure.\n`);
    failed ||= !passed || none;
  }
  if (failed) process.exitCode = 1;
}

async function untested(folders) {
  const problems = chosen(folders).reduce((sum, folder) => sum + reportUntested(folder), 0);
  if (problems > 0) {
    console.log(`${problems} without a test`);
    process.exitCode = 1;
  }
}

/** The folders named on the command line, or those of the protocol's packages. */
function chosen(folders) {
  return folders.length ? folders.map((path) => resolve(path)) : protocolPackages().map((entry) => entry.folder);
}

async function main([name, ...rest]) {
  const command = COMMANDS[name];
  if (!command) {
    if (name !== undefined && name !== "help" && name !== "--help") console.error(`there is no command ${name}`);
    console.log("usage: scripts/move COMMAND\n");
    for (const [usage, help] of Object.values(COMMANDS)) console.log(`  ${usage.padEnd(22)} ${help}`);
    process.exitCode = name === undefined || name === "help" || name === "--help" ? 0 : 2;
    return;
  }
  await command[2](rest);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Failure ? error.message : error);
  process.exitCode = 1;
});
