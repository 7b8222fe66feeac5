// Packs a file in gzip's format as tight as it goes; unpacked it is the same to the byte. It takes seconds, which is why it
// is done once, for what is committed.
//
//	node pack.mjs < app.js > app.js.gz
import { readFileSync, writeSync } from "node:fs";
import zopfli from "@gfx/zopfli";

const numiterations = 15; // more of them win a few bytes

zopfli.gzip(readFileSync(0), { numiterations }, (error, packed) => {
  if (error) throw error;
  for (let at = 0; at < packed.length; ) at += writeSync(1, packed, at);
});
