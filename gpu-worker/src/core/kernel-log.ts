/** Reads what the kernel's log says of containers and GPUs. */

/** An error that the NVIDIA driver reported. */
export interface Xid {
	/** PCI address as the kernel writes it, `0000:01:00`. */
	readonly pci: string;
	readonly code: number;
	readonly line: string;
}

/** True when the kernel ended a process of the container for want of memory; its control group carries the container's id. */
export function tellsOutOfMemory(log: string, containerId: string): boolean {
	return log.split('\n').some((line) => line.includes('oom-kill:') && line.includes(containerId));
}

/** The driver's errors, oldest first. */
export function readXids(log: string): Xid[] {
	return log.split('\n').flatMap((line) => {
		const match = /NVRM: Xid \(PCI:([0-9a-fA-F:]+)(?:\.\d)?\): (\d+)/.exec(line);
		return match === null ? [] : [{ pci: (match[1] ?? '').toLowerCase(), code: Number(match[2]), line: line.trim().slice(0, 300) }];
	});
}
