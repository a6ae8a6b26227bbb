// An object storage on loopback with the bucket "artifacts", whose objects are in the folder named;
// it checks signatures. Its access key is S3RVER, with the same secret.
import S3rver from 's3rver';

const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: process.argv[2],
  configureBuckets: [{name: 'artifacts'}],
});
const {port} = await server.run();
console.log(`listening on http://127.0.0.1:${port}`);
