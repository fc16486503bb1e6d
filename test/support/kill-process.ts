/** Kills one process of a stack and waits until the supervisor has put another in its place. */
import type { LocalStack, Stack } from './start-stack.ts';
import { until } from './wait.ts';

/** SIGKILL to the process that `pick` names; resolves with the number of its successor. */
export async function killProcess(stack: Stack, what: string, pick: (pids: LocalStack['pids']) => number | undefined): Promise<number> {
	const pid = pick(stack.local().pids);
	if (pid === undefined) throw new Error(`local.json names no ${what}: ${JSON.stringify(stack.local().pids)}`);
	process.kill(pid, 'SIGKILL');
	return until(
		(note) => {
			const now = pick(stack.local().pids);
			note(now);
			return now !== undefined && now !== pid ? now : undefined;
		},
		{ what: `a successor of ${what} (pid ${pid}) in local.json`, timeoutMs: 20_000 },
	);
}

/** Kills the edge and waits until its successor answers. */
export async function killEdge(stack: Stack): Promise<void> {
	await killProcess(stack, 'edge', (pids) => pids.edge);
	await until(
		async (note) => {
			try {
				const response = await fetch(`${stack.url}/v2/nosuchendpoint/health`, { headers: { authorization: `Bearer ${stack.apiKey}` }, signal: AbortSignal.timeout(2_000) });
				note(response.status);
				await response.text();
				return response.status === 404;
			} catch (error) {
				note(String(error));
				return false; // Not listening yet.
			}
		},
		{ what: 'the edge answers again', timeoutMs: 20_000 },
	);
}
