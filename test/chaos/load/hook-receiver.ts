/** Receives the run's webhooks, checks their signatures with the reference library, and can refuse them or leave them without an answer. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { History } from '../history/write-history.ts';
import type { ChaosEndpoint } from './endpoints.ts';

export interface HookReceiver {
	urlFor(endpoint: ChaosEndpoint): string;
	set(mode: 'refuse' | 'hang' | null): void;
	stop(): void;
}

export async function startHookReceiver(history: History): Promise<HookReceiver> {
	let mode: 'refuse' | 'hang' | null = null;
	const secrets = new Map<string, string>();
	const server = createServer(async (request, response) => {
		const text = await bodyOf(request).catch(() => null);
		if (text === null) return;
		const status = mode === null ? 200 : mode === 'refuse' ? 503 : 0;
		const body = JSON.parse(text) as { id: string; status: string; output?: { by?: string } };
		const headers = request.headers as Record<string, string>;
		history.add({
			is: 'hook',
			at: Date.now(),
			id: body.id,
			delivery: headers['webhook-id'] ?? '',
			signed: isSigned(secrets.get(request.url ?? '') ?? '', text, headers),
			state: body.status,
			by: body.output?.by ?? null,
			status,
		});
		if (status !== 0) response.writeHead(status).end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		urlFor: ({ name, webhookSecret }) => {
			secrets.set(`/${name}`, webhookSecret);
			return `http://127.0.0.1:${port}/${name}`;
		},
		set: (next) => {
			mode = next;
		},
		stop: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk);
	return Buffer.concat(chunks).toString();
}

function isSigned(secret: string, text: string, headers: Record<string, string>): boolean {
	try {
		new Webhook(secret).verify(text, headers);
		return true;
	} catch {
		return false;
	}
}
