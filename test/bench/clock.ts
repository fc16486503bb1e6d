/** The clock that all processes of the machine share, so that a client can compare its times with a worker's. */

/** Milliseconds since the machine started. */
export function monotonicMs(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}
