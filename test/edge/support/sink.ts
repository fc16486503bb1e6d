/** A webhook's receiver on loopback: keeps every call and answers as a test says. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInbox, type Inbox } from './inbox.ts';

/** One call as it came. */
export interface Hit {
	readonly path: string;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly text: string;
	readonly body: Record<string, unknown>;
	readonly at: number;
}

/** A status, a status with headers, or what to do with the answer. */
export type SinkRule = (hit: Hit) => number | { status: number; headers: Record<string, string> } | ((response: ServerResponse) => void);

export interface Sink {
	readonly url: string;
	readonly port: number;
	readonly hits: Inbox<Hit>;
	/** Calls without an answer yet, and the most there ever were. */
	readonly open: { now: number; most: number };
	answer: SinkRule;
	/** The calls for one job. */
	of(job: string): Hit[];
	/** The `count`-th call for one job, as soon as it is there. */
	next(job: string, count?: number): Promise<Hit>;
	stop(): Promise<void>;
}

/** Starts it; answers 200 until a test says something else. */
export async function startSink(): Promise<Sink> {
	const open = { now: 0, most: 0 };
	const server = createServer(async (request, response) => {
		open.most = Math.max(open.most, ++open.now);
		response.once('close', () => open.now--);
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const text = Buffer.concat(chunks).toString();
		const hit: Hit = { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as Record<string, unknown>, at: Date.now() };
		sink.hits.add(hit);
		const answer = sink.answer(hit);
		if (typeof answer === 'function') answer(response);
		else if (typeof answer === 'number') response.writeHead(answer).end('what the receiver says is nobody else’s business');
		else response.writeHead(answer.status, answer.headers).end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const sink: Sink = {
		url: `http://127.0.0.1:${port}`,
		port,
		hits: createInbox(),
		open,
		answer: () => 200,
		of: (job) => sink.hits.all.filter(({ body }) => body['id'] === job),
		next: (job, count = 1) => sink.hits.next(({ body }) => body['id'] === job && sink.of(job).length >= count, `call ${count} for ${job}`),
		stop: async () => {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
	return sink;
}
