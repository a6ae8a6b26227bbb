// Prints "CRC SIZE NAME" of each member of the archive, whose bytes have been read and checked.
import * as zlib from 'node:zlib';
import yauzl from 'yauzl';

// Older versions of node have none: then the sizes are checked alone.
const crc32 = zlib.crc32;

const archive = await yauzl.openPromise(process.argv[2], {lazyEntries: true, strictFileNames: true});
let lines = '';
for await (const entry of archive.eachEntry()) {
  let sum = crc32 ? 0 : entry.crc32;
  let size = 0;
  for await (const piece of await archive.openReadStreamPromise(entry)) {
    sum = crc32 ? crc32(piece, sum) : entry.crc32;
    size += piece.length;
  }
  if (sum !== entry.crc32) throw new Error(`${entry.fileName} has another checksum`);
  lines += `${sum.toString(16).padStart(8, '0')} ${size} ${entry.fileName}\n`;
}
process.stdout.write(lines);
