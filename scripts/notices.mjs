// The notices that the licenses of bundled packages ask for: whoever passes dist/ on passes these on.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const LICENSE_FILE = /^(licen[sc]e|notice|copying)(\.|-|$)/i;

/**
 * The text of all notices, by package. `inputs` are the files that went into a bundle, relative to `root`. Refuses a package
 * without a license text.
 */
export async function noticesOf(root, inputs) {
  const directories = new Set(inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const notices = await Promise.all(
    [...directories].sort((a, b) => (a < b ? -1 : 1)).map((directory) => noticeOf(join(root, directory))),
  );
  return `darkfactory is under the Apache License 2.0. It contains these packages:\n\n${notices.join("\n")}`;
}

async function noticeOf(directory) {
  const { name, version, license } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
  const files = (await readdir(directory)).filter((file) => LICENSE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  const text = texts.map((each) => each.trim()).join("\n\n");
  // Some packages name their license in package.json alone.
  if (text === "" && typeof license !== "string") throw new Error(`${name} ${version} comes without a license`);
  return `${"=".repeat(80)}\n${name} ${version} (${license})\n${"=".repeat(80)}\n${text}\n`;
}
