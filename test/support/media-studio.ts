/** Where workers of a test get what they make, and clients fetch it from: a test decides what a job answers, and when. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a job's input becomes: its output, or an `Error` whose message fails the job. */
export type MakeMedia = (input: Readonly<Record<string, unknown>>) => object | Promise<object>;

export interface Studio {
	readonly url: string;
	/** Inputs as the worker got them, in order. */
	readonly inputs: Readonly<Record<string, unknown>>[];
	/** Decides about the jobs from now on. */
	make: MakeMedia;
	close(): void;
}

/** Starts one that gives `bytesOf(path)` to whoever fetches a path. */
export async function startStudio(bytesOf: (path: string) => Uint8Array): Promise<Studio> {
	const inputs: Readonly<Record<string, unknown>>[] = [];
	const work = async (request: IncomingMessage): Promise<object> => {
		const input = JSON.parse(await text(request)) as Readonly<Record<string, unknown>>;
		inputs.push(input);
		return studio.make(input);
	};
	const server = createServer((request, response) => {
		if (request.url !== '/work') {
			response.end(bytesOf(decodeURIComponent(request.url ?? '')));
			return;
		}
		work(request).then(
			(output) => response.end(JSON.stringify(output)),
			(error: Error) => response.writeHead(422).end(error.message),
		);
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const studio: Studio = {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		inputs,
		make: () => ({}),
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
	return studio;
}
