// Writes a .br and a .gz beside each file of the built page that gets smaller by it, and the list of all of them that the plugin embeds:
// assets.S with the bytes and assets.inc with the table.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const out = resolve(process.env.TARSIER_UI_OUT ?? "dist");

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function files(folder, prefix) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path, `${prefix}${name}/`) : [`${prefix}${name}`];
    })
    .filter((name) => !/\.(br|gz|S|inc)$/.test(name));
}

const assembly = ['  .section .note.GNU-stack,"",@progbits', '  .section .rodata,"a",@progbits'];
const table = [];
let count = 0;

function embed(path) {
  const symbol = `tarsier_asset_${count++}`;
  assembly.push(`  .balign 16`, `  .hidden ${symbol}`, `  .globl ${symbol}`, `${symbol}:`, `  .incbin "${path}"`);
  return { symbol, size: statSync(path).size };
}

for (const name of files(out, "")) {
  const path = join(out, name);
  const bytes = readFileSync(path);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  const gzip = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzip);
  const parts = [path, `${path}.gz`, `${path}.br`].map(embed);
  const type = types[name.slice(name.lastIndexOf("."))] ?? "application/octet-stream";
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  table.push(`ASSET("/${name}", "${type}", "${hash}", ${parts.map((part) => `${part.symbol}, ${part.size}`).join(", ")})`);
}
writeFileSync(join(out, "assets.S"), `${assembly.join("\n")}\n`);
writeFileSync(join(out, "assets.inc"), `${table.join("\n")}\n`);
