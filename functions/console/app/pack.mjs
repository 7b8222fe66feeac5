// Makes a bundled script as small as it is sent: terser names its variables anew, shorter than esbuild does where one hides
// another, and zopfli packs it in gzip's format as tight as it goes. It takes seconds, which is why it is done once, for
// what is committed.
//
//	node pack.mjs < app.js > app.js.gz
import { readFileSync, writeSync } from "node:fs";
import zopfli from "@gfx/zopfli";
import { minify } from "terser";

const numiterations = 15; // more of them win a few bytes

const { code } = await minify(readFileSync(0, "utf8"), { module: true, compress: false, mangle: true });
zopfli.gzip(Buffer.from(code), { numiterations }, (error, packed) => {
  if (error) throw error;
  for (let at = 0; at < packed.length; ) at += writeSync(1, packed, at);
});
