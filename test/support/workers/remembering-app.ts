/** An HTTP app behind a load-balancing endpoint that remembers how many requests it has had. */
import { createServer } from 'node:http';

let requests = 0;

createServer((request, response) => {
	if (request.url === '/ping') return response.end();
	response.setHeader('content-type', 'application/json');
	return response.end(JSON.stringify({ pid: process.pid, worker: process.env['RUNPOD_POD_ID'], requests: ++requests }));
}).listen(Number(process.env['PORT']), '127.0.0.1');
