/** What goes by HTTP between agent and broker: payloads and outputs that are too large for a message. */
import { ATTEMPT_HEADER } from '@longshore/shared-schema/wire/signature';

/** `gone`: the attempt is over for the edge. */
export type Fetched = { readonly kind: 'payload'; readonly data: Uint8Array } | { readonly kind: 'gone' };

/** The broker or the road behind it did not do its part; worth another try. */
export class BrokerError extends Error {
	override readonly name: string = 'BrokerError';
}

export interface BrokerClient {
	/** Throws `BrokerError`. */
	fetchPayload(jobId: string, epoch: number, token: string): Promise<Fetched>;
	/** `gone` when the edge wants no output of this attempt any more. Throws `BrokerError`. */
	uploadOutput(jobId: string, epoch: number, token: string, output: Uint8Array): Promise<'stored' | 'gone'>;
}

const PAYLOAD_TIMEOUT_MS = 30_000;
const UPLOAD_TIMEOUT_MS = 120_000;

/** A client of the broker at `url`, which lets hosts in by `hostToken`. */
export function createBrokerClient(url: string, hostToken: string): BrokerClient {
	const send = async (method: string, kind: string, jobId: string, epoch: number, token: string, timeoutMs: number, body?: Uint8Array): Promise<Response> => {
		const path = `${url}/host/v1/${kind}/${jobId}?epoch=${epoch}`;
		try {
			return await fetch(path, {
				method,
				headers: { authorization: `Bearer ${hostToken}`, [ATTEMPT_HEADER]: token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
				...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
				signal: AbortSignal.timeout(timeoutMs),
			});
		} catch (error) {
			throw new BrokerError(`${method} ${path}: ${describe(error)}`);
		}
	};
	return {
		async fetchPayload(jobId, epoch, token) {
			const answer = await send('GET', 'payload', jobId, epoch, token, PAYLOAD_TIMEOUT_MS);
			if (answer.status === 404 || answer.status === 410) return { kind: 'gone' };
			if (answer.status !== 200) throw await unexpected(answer);
			try {
				return { kind: 'payload', data: new Uint8Array(await answer.arrayBuffer()) };
			} catch (error) {
				throw new BrokerError(`payload of ${jobId} broke off: ${describe(error)}`);
			}
		},
		async uploadOutput(jobId, epoch, token, output) {
			const answer = await send('PUT', 'output', jobId, epoch, token, UPLOAD_TIMEOUT_MS, output);
			if (answer.status === 404 || answer.status === 409 || answer.status === 410) return 'gone';
			if (answer.status < 200 || answer.status > 299) throw await unexpected(answer);
			await answer.body?.cancel();
			return 'stored';
		},
	};
}

async function unexpected(answer: Response): Promise<BrokerError> {
	const text = await answer.text().catch(() => '');
	return new BrokerError(`${answer.url.split('?')[0]}: status ${answer.status} ${text.slice(0, 200)}`);
}

function describe(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
