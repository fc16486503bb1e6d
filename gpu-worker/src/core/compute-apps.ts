/** What `nvidia-smi` says of the processes that use GPUs, read into bytes by process. */

/** Columns of the query, in order. */
export const COMPUTE_APPS_QUERY = ['pid', 'used_gpu_memory'] as const;

/** Rows of `--format=csv,noheader,nounits` (MiB), several of one process added up. Memory that the driver does not tell counts as one MiB: it is there. */
export function readComputeApps(csv: string): Map<number, number> {
	const bytes = new Map<number, number>();
	for (const line of csv.split('\n')) {
		const [pid = '', mib = ''] = line.split(',').map((cell) => cell.trim());
		if (!/^\d+$/.test(pid)) continue;
		bytes.set(Number(pid), (bytes.get(Number(pid)) ?? 0) + (/^\d+(?:\.\d+)?$/.test(mib) ? Number(mib) : 1) * 2 ** 20);
	}
	return bytes;
}
