/** The GPUs of a host as NVIDIA's own tool lists them: found at the start, and watched for faults. */
import { execFile } from 'node:child_process';
import { ConfigError } from '@longshore/shared-schema/config/parse';
import { findFaults, GPU_QUERY, type GpuRow, readCudaVersion, readGpuTable } from '../core/gpu-table.ts';
import { readXids } from '../core/kernel-log.ts';
import type { Log } from '../log.ts';
import { readKernelLog } from '../runtime/kernel-log.ts';
import type { GpuInventory } from './declared.ts';

const TOOL = 'nvidia-smi';
/** A GPU that hangs makes the tool hang. */
const TIMEOUT_MS = 20_000;
const WATCH_MS = 30_000;

export interface DetectedGpus {
	readonly inventory: GpuInventory;
	readonly rows: readonly GpuRow[];
	/** GPUs that cannot be used from the start, by index, with the reason. */
	readonly faults: ReadonlyMap<number, string>;
}

/** Throws `ConfigError` with what to do when the tool is not there or lists nothing. `tool`: a stand-in, for tests. */
export async function detectGpus(tool: string = TOOL): Promise<DetectedGpus> {
	const table = await ask(tool, [`--query-gpu=${GPU_QUERY.join(',')}`, '--format=csv,noheader,nounits']);
	const rows = readGpuTable(table.stdout);
	const first = rows[0];
	if (first === undefined) {
		throw new ConfigError(
			`no GPU was found (${table.problem ?? `${tool} lists none`}): install NVIDIA's driver, or say in LONGSHORE_DECLARED_GPUS what this host has, {"gpuType":"CPU","count":0} for none`,
		);
	}
	// A driver that names none: no endpoint that asks for a version comes here.
	const cudaVersion = readCudaVersion((await ask(tool, [])).stdout) ?? '0.0';
	// Placement knows one type a host: that of most of its GPUs.
	const count = (gpuType: string): number => rows.filter((row) => row.gpuType === gpuType).length;
	const gpuType = rows.reduce((most, row) => (count(row.gpuType) > count(most) ? row.gpuType : most), first.gpuType);
	const faults = new Map<number, string>();
	for (const [at, row] of rows.entries()) {
		const reason = row.fault ?? (row.gpuType === gpuType ? null : `it is a ${row.gpuType}: a host has GPUs of one type, here ${gpuType}`);
		if (reason !== null) faults.set(at, reason);
	}
	return { inventory: { gpuType, gpus: rows.length, cudaVersion, models: [], uuids: rows.map(({ uuid }) => uuid) }, rows, faults };
}

/** Looks again and again, and tells each GPU that fails, once, by its index in the inventory. Returns what ends the watch. */
export function watchGpus(detected: DetectedGpus, failed: (gpu: number, reason: string) => void, log: Log, { everyMs = WATCH_MS, tool = TOOL } = {}): () => void {
	const told = new Set<number>(detected.faults.keys());
	const seenXids = new Set<string>();
	let ended = false;
	let timer: NodeJS.Timeout | undefined;
	const look = async (): Promise<void> => {
		const [table, kernel] = await Promise.all([ask(tool, [`--query-gpu=${GPU_QUERY.join(',')}`, '--format=csv,noheader,nounits']), newXids(seenXids)]);
		const now = readGpuTable(table.stdout);
		// A tool that answers nothing at all says nothing of a single GPU.
		if (now.length === 0) log.warn('the GPUs cannot be looked at', { problem: table.problem ?? 'no rows' });
		else {
			const faults = findFaults(detected.rows, now, kernel);
			for (const [at, { uuid }] of detected.rows.entries()) {
				const reason = faults.get(uuid);
				if (reason === undefined || told.has(at) || ended) continue;
				told.add(at);
				failed(at, reason);
			}
		}
		if (!ended) timer = setTimeout(() => void look(), everyMs);
	};
	// What the kernel wrote before this is history.
	void newXids(seenXids).then(() => {
		if (!ended) timer = setTimeout(() => void look(), everyMs);
	});
	return () => {
		ended = true;
		clearTimeout(timer);
	};
}

async function newXids(seen: Set<string>): Promise<{ readonly pci: string; readonly code: number }[]> {
	const fresh = readXids((await readKernelLog()) ?? '').filter(({ line }) => !seen.has(line));
	for (const { line } of fresh) seen.add(line);
	return fresh;
}

/** The tool tells of the GPUs that it sees and fails because of one that it does not: both count. */
function ask(tool: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly problem: string | null }> {
	return new Promise((resolve) => {
		execFile(tool, args, { timeout: TIMEOUT_MS, maxBuffer: 4 * 2 ** 20 }, (error, stdout) => {
			resolve({ stdout, problem: error === null ? null : (error.message.split('\n')[0]?.slice(0, 200) ?? null) });
		});
	});
}
