// `scripts/move build`: compiles what changed into target/move.
import { join } from "node:path";
import { isCurrent, OUTPUT, removeOthers, stampFor, writeArtifact } from "./artifact.mjs";
import { compileFramework, compilePackage } from "./compiler.mjs";
import { forbidNetwork } from "./framework.mjs";
import { Failure, protocolPackages, repositoryPath, testPackages } from "./packages.mjs";

const FRAMEWORK = [
  { name: "std", source: "move-stdlib" },
  { name: "sui", source: "sui-framework" },
];

export async function build(flags) {
  if (flags.includes("--offline")) forbidNetwork();
  const packages = protocolPackages();
  const tests = testPackages();
  const framework = stampFor(undefined);
  for (const { name, source } of FRAMEWORK) {
    await update(join(OUTPUT, name), framework, name, source, () => compileFramework(source));
  }
  for (const { name, folder } of packages) await updatePackage(join(OUTPUT, name), name, folder);
  for (const { name, folder } of tests) await updatePackage(join(OUTPUT, "tests", name), name, folder);
  removeOthers(join(OUTPUT, "tests"), tests.map((entry) => entry.name));
}

async function updatePackage(output, name, folder) {
  await update(output, stampFor(folder), name, repositoryPath(folder), () => compileStrictly(folder));
}

async function update(output, stamp, name, source, compile) {
  if (isCurrent(output, stamp)) return;
  const compiled = await compile();
  writeArtifact(output, stamp, compiled, name);
  const bytes = compiled.modules.reduce((sum, module) => sum + module.length, 0);
  console.log(`compiled ${source}: ${compiled.modules.length} modules, ${bytes} bytes`);
}

/** Compiles a package of this repository, where a warning is a failure. */
async function compileStrictly(folder) {
  const compiled = await compilePackage(folder);
  if (compiled.warnings) {
    throw new Failure(`${compiled.warnings.trimEnd()}\n\n${repositoryPath(folder)}: warnings fail the build.`);
  }
  return compiled;
}
