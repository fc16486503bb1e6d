/** A plain HTTP app that takes as long as it is told to, and says where it runs. */
import { createServer } from 'node:http';

createServer((request, response) => {
	request.resume();
	const url = new URL(request.url ?? '/', 'http://worker');
	const say = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ dataCenter: process.env['RUNPOD_DC_ID'] }));
	setTimeout(say, url.pathname === '/slow' ? Number(url.searchParams.get('ms')) : 0);
}).listen(Number(process.env['PORT']), '127.0.0.1');
