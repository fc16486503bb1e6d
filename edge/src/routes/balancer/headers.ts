/** Headers of a load-balanced request on their way to the worker and back: the API key stays here, and so does everything of ours. */
import { passesOn, REFUSAL_HEADER, WAIT_HEADER } from '@longshore/shared-schema/wire/load-balancer';

/** For the region: the client's own, where it was called, and how long it may wait. */
export function headersForRegion(request: Request, prefix: string, waitMs: number): Headers {
	const connection = request.headers.get('connection') ?? '';
	const headers = new Headers();
	for (const [name, value] of request.headers) {
		if (name !== 'authorization' && name !== 'host' && !name.startsWith('x-forwarded-') && passesOn(name, connection)) headers.append(name, value);
	}
	const url = new URL(request.url);
	headers.set('x-forwarded-host', url.host);
	headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
	if (prefix !== '') headers.set('x-forwarded-prefix', prefix);
	const client = request.headers.get('cf-connecting-ip');
	if (client !== null) headers.set('x-forwarded-for', client);
	headers.set(WAIT_HEADER, String(Math.round(waitMs)));
	return headers;
}

/** For the client. */
export function headersForClient(answer: Response): Headers {
	const headers = new Headers(answer.headers);
	for (const name of ['connection', 'keep-alive', 'transfer-encoding', REFUSAL_HEADER]) headers.delete(name);
	return headers;
}
