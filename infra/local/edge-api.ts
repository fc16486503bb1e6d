/** The calls that the local stack makes to its own edge: operator's and account's. */

/** Where the edge is, and with what to open it. */
export interface EdgeApi {
	/** Sends `body` as JSON with `token` as Bearer; returns the answer's JSON, or undefined on 404. Throws with the whole answer on anything else. */
	call(method: 'GET' | 'PUT' | 'POST' | 'PATCH', path: string, token: string, body?: unknown): Promise<unknown>;
}

const TIMEOUT_MS = 15_000;

export function edgeApi(url: string): EdgeApi {
	return {
		async call(method, path, token, body) {
			const response = await fetch(`${url}${path}`, {
				method,
				headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
				...(body === undefined ? {} : { body: JSON.stringify(body) }),
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			const text = await response.text();
			if (response.status === 404) return undefined;
			if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 2_000)}`);
			return text === '' ? {} : JSON.parse(text);
		},
	};
}
