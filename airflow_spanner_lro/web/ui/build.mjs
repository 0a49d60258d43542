// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// One file for the browser from the sources beside this script, the same bytes each time.
//
// Its first line carries a digest of the sources, so that a test without node can tell whether the
// file in the wheel is theirs. `node build.mjs --outfile=…` writes elsewhere, for the comparison.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OWN = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];

/** Files that decide what is in the bundle, by their paths below this folder, in order. */
function sources() {
  const below = readdirSync(join(HERE, "src")).map((name) => `src/${name}`);
  return [...OWN, ...below].sort();
}

/** The digest that tests/web/test_bundle.py works out as well. */
function digest() {
  const hash = createHash("sha256");
  for (const path of sources()) {
    const content = readFileSync(join(HERE, path));
    hash.update(`${path}\n${content.length}\n`);
    hash.update(content);
  }
  return hash.digest("hex");
}

const minifiedCss = {
  name: "css as text, without its spaces",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const chosen = process.argv.find((each) => each.startsWith("--outfile="));

await build({
  absWorkingDir: HERE,
  entryPoints: ["src/main.tsx"],
  outfile: chosen?.slice("--outfile=".length) ?? join(HERE, "..", "static", "operations.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  // React is the host's: two Reacts in one page do not share their hooks
  alias: { react: "./src/host.ts" },
  banner: {
    js: `/* airflow-spanner-lro, Apache-2.0. Built by "make ui"; sources sha256:${digest()} */`,
  },
  plugins: [minifiedCss],
});
