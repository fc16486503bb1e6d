/** Amounts of data for people. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `3.1 MB`, in powers of 1000 as sizes of disks and volumes are. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	// From 999.95 on one decimal would read 1000.0.
	while (value >= 999.95 && unit < UNITS.length - 1) {
		value /= 1_000;
		unit++;
	}
	return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
