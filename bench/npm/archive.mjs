// A folder as an archive of stored members on the standard output: archive.mjs FOLDER
import {ZipArchive} from 'archiver';

const archive = new ZipArchive({store: true});
archive.on('error', error => {
  throw error;
});
archive.pipe(process.stdout);
archive.directory(process.argv[2], false);
await archive.finalize();
