/** What the road through edge, region and host adds to a request of a load-balanced worker: the same request on the road, and straight to the worker's port. */
import { LeanConnection } from '../lean-client.ts';
import { closedLoop, type LoadResult } from '../load.ts';
import type { BalancedTarget } from '../subject.ts';

export interface BalancedResult {
	readonly clients: number;
	readonly road: LoadResult;
	readonly straight: LoadResult;
}

/** Both ways one after the other, with as many clients. */
export async function measureBalanced(target: BalancedTarget, clients: number, seconds: number): Promise<BalancedResult> {
	const straightUrl = new URL(`http://127.0.0.1:${await portOf(target)}`);
	const road = await closedLoop({ url: target.url, clients, seconds, request: target.request });
	const straight = await closedLoop({ url: straightUrl, clients, seconds, request: target.request });
	return { clients, road, straight };
}

async function portOf(target: BalancedTarget): Promise<number> {
	const connection = new LeanConnection(target.url);
	const { status, body } = await connection.send(target.request);
	connection.close();
	if (status !== 200) throw new Error(`the balanced app was not reached: ${status} ${body}`);
	return (JSON.parse(body) as { port: number }).port;
}
