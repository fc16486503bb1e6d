/** Makes another account on a local stack, through the operator API of the edge. */
import type { Stack } from './start-stack.ts';

/** Creates an account and returns its API key. */
export async function createAccount(stack: Stack, name: string): Promise<string> {
	const response = await fetch(`${stack.url}/admin/accounts`, {
		method: 'POST',
		headers: { authorization: `Bearer ${stack.local().operatorToken}`, 'content-type': 'application/json' },
		body: JSON.stringify({ name }),
		signal: AbortSignal.timeout(15_000),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`POST /admin/accounts answered ${response.status}: ${text}`);
	return (JSON.parse(text) as { apiKey: string }).apiKey;
}
