/** A plain HTTP app behind a load-balancing endpoint: answers at once, and says where it listens. */
import { createServer } from 'node:http';

const port = Number(process.env['PORT']);
const body = JSON.stringify({ port });

createServer((request, response) => {
	request.resume();
	response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}).listen(port, '127.0.0.1');
