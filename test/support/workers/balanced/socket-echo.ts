/** A WebSocket echo as people write them in Node, down to the frames: nothing but the standard library. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
	response.writeHead(request.url === '/ping' ? 200 : 404).end();
});
server.on('upgrade', (request, socket) => {
	const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
	const protocol = request.headers['sec-websocket-protocol']?.split(',')[0];
	socket.write(
		`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
	);
	socket.write(frame(1, Buffer.from(JSON.stringify({ url: request.url, worker: process.env['RUNPOD_POD_ID'], authorization: request.headers.authorization ?? null }))));
	let rest = Buffer.alloc(0);
	socket.on('data', (data: Buffer) => {
		rest = Buffer.concat([rest, data]);
		for (let read = readFrame(rest); read !== null; read = readFrame(rest)) {
			rest = rest.subarray(read.bytes);
			if (read.opcode === 8) socket.end(frame(8, read.payload));
			else socket.write(frame(read.opcode, read.payload));
		}
	});
	socket.on('error', () => socket.destroy());
});
server.listen(Number(process.env['PORT']));

function frame(opcode: number, payload: Buffer): Buffer {
	const long = payload.length > 65_535;
	const head = Buffer.alloc(payload.length < 126 ? 2 : long ? 10 : 4);
	head[0] = 0x80 | opcode;
	if (payload.length < 126) head[1] = payload.length;
	else if (long) {
		head[1] = 127;
		head.writeBigUInt64BE(BigInt(payload.length), 2);
	} else {
		head[1] = 126;
		head.writeUInt16BE(payload.length, 2);
	}
	return Buffer.concat([head, payload]);
}

/** One masked frame of a client, or null while it is not whole. */
function readFrame(data: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
	if (data.length < 6) return null;
	const short = (data[1] ?? 0) & 0x7f;
	const start = short < 126 ? 2 : short === 126 ? 4 : 10;
	if (data.length < start + 4) return null;
	const length = short < 126 ? short : short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
	const bytes = start + 4 + length;
	if (data.length < bytes) return null;
	const mask = data.subarray(start, start + 4);
	const payload = Buffer.from(data.subarray(start + 4, bytes).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
	return { opcode: (data[0] ?? 0) & 0x0f, payload, bytes };
}
