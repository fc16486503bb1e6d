/**
 * Moves what a worker holds on its GPUs into the host's memory and back, with NVIDIA's `cuda-checkpoint --toggle --pid`, which needs a
 * driver of 550 or newer and the processes still running; where it is not there, only tells how much stays on the GPUs.
 */
import { execFile } from 'node:child_process';
import { COMPUTE_APPS_QUERY, readComputeApps } from '../core/compute-apps.ts';
import type { Log } from '../log.ts';

const SMI = 'nvidia-smi';
/** A GPU that hangs makes the tool hang. */
const ASK_TIMEOUT_MS = 20_000;
/** Tens of GiB pass a PCI bus in a few seconds. */
const TOGGLE_TIMEOUT_MS = 120_000;

/** What became of a worker's GPU memory. */
export interface MovedGpuMemory {
	/** Processes whose memory was moved out: they cannot use a GPU until it is moved back. */
	readonly moved: readonly number[];
	/** Still on the GPUs. */
	readonly heldBytes: number;
}

export interface GpuMemory {
	/** Whether memory can be moved at all; false: `moveOut` only looks. */
	readonly canMove: boolean;
	/** Throws when the processes are left in a state in which they cannot go on. */
	moveOut(pids: readonly number[]): Promise<MovedGpuMemory>;
	/** Throws when some of it cannot be had back. */
	moveBack(moved: readonly number[]): Promise<void>;
}

/** Of a host whose GPUs are declared, or that has none. */
export const NO_GPU_MEMORY: GpuMemory = { canMove: false, moveOut: async () => ({ moved: [], heldBytes: 0 }), moveBack: async () => {} };

/** Of a host with GPUs of NVIDIA. `tool`: name or path of `cuda-checkpoint`; null: not to be used. */
export async function openGpuMemory(tool: string | null, log: Log, smi: string = SMI): Promise<GpuMemory> {
	const problem = tool === null ? 'it is switched off' : await findTool(tool);
	const toggle = async (pid: number): Promise<void> => void (await call(tool ?? '', ['--toggle', '--pid', String(pid)], TOGGLE_TIMEOUT_MS));
	const heldBy = async (pids: readonly number[]): Promise<Map<number, number>> => {
		const used = readComputeApps(await call(smi, [`--query-compute-apps=${COMPUTE_APPS_QUERY.join(',')}`, '--format=csv,noheader,nounits'], ASK_TIMEOUT_MS));
		return new Map([...used].filter(([pid]) => pids.includes(pid)));
	};
	log.info('GPU memory of frozen workers', problem === null ? { movedBy: tool } : { movedBy: null, why: problem });
	return {
		canMove: problem === null,
		async moveOut(pids) {
			const before = await heldBy(pids);
			if (problem !== null || before.size === 0) return { moved: [], heldBytes: sum(before) };
			const moved: number[] = [];
			try {
				for (const pid of before.keys()) {
					await toggle(pid);
					moved.push(pid);
				}
			} catch (error) {
				log.warn('GPU memory of a worker cannot be moved out', { error: (error as Error).message });
				// Half of a worker is no worker: what was moved goes back, and if that fails nobody can use it any more.
				for (const pid of moved) await toggle(pid);
				return { moved: [], heldBytes: sum(before) };
			}
			return { moved, heldBytes: sum(await heldBy(pids)) };
		},
		async moveBack(moved) {
			for (const pid of moved) await toggle(pid);
		},
	};
}

/** Why the tool cannot be used, or null. Whatever it answers, it is there; whether it works shows at the first worker. */
function findTool(tool: string): Promise<string | null> {
	return new Promise((resolve) => {
		execFile(tool, ['--help'], { timeout: ASK_TIMEOUT_MS }, (error) => resolve(typeof error?.code === 'string' ? `${tool} cannot be run (${error.code})` : null));
	});
}

function call(tool: string, args: readonly string[], timeoutMs: number): Promise<string> {
	return new Promise((resolve, reject) => {
		execFile(tool, args, { timeout: timeoutMs, maxBuffer: 4 * 2 ** 20 }, (error, stdout, stderr) => {
			if (error === null) return resolve(stdout);
			const said = stderr.trim().split('\n')[0] ?? '';
			reject(new Error(said === '' ? (error.message.split('\n')[0] ?? '').slice(0, 200) : said.slice(0, 200)));
		});
	});
}

function sum(bytes: ReadonlyMap<number, number>): number {
	return [...bytes.values()].reduce((total, one) => total + one, 0);
}
