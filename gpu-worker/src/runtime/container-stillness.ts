/** Holds a container still through its engine (pause and unpause: the kernel's freezer, which the worker does not notice). */
import type Docker from 'dockerode';
import { messageOf, statusOf } from './container-engine.ts';
import { familyOf, memoryOf } from './process-table.ts';
import type { Stillness } from './runtime.ts';

/** `pid`: the container's first process as this machine numbers it. */
export function containerStillness(container: Docker.Container, pid: number): Stillness {
	const pids = (): number[] => familyOf(pid).map((row) => row.pid);
	return {
		pids: async () => pids(),
		hold: () => said('the container engine does not pause it', container.pause()),
		release: () => said('the container engine does not unpause it', container.unpause()),
		memoryBytes: async () => memoryOf(pids()),
	};
}

/** Ends a container at once. Some engines refuse to signal a paused one, or deliver only when it goes on. */
export async function killContainer(container: Docker.Container, isHeld: boolean): Promise<void> {
	if (!isHeld) return void (await container.kill({ signal: 'SIGKILL' }));
	const refusal = await container.kill({ signal: 'SIGKILL' }).then(
		() => null,
		(error: unknown) => error,
	);
	await container.unpause().catch((error: unknown) => {
		// It may be gone already, which is what was wanted.
		if (![404, 409, 500].includes(statusOf(error) ?? 0)) throw error;
	});
	if (refusal !== null) await container.kill({ signal: 'SIGKILL' });
}

async function said(what: string, done: Promise<unknown>): Promise<void> {
	try {
		await done;
	} catch (error) {
		throw new Error(`${what}: ${messageOf(error)}`);
	}
}
