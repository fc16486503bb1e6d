/** What a host must be told so that it does without the GPUs that the operator has taken out, and with the others. */

export interface QuarantineOrder {
	readonly gpu: number;
	/** Null: it is let back in. */
	readonly reason: string | null;
}

/** Orders for one host: `wanted` is index → reason, `out` what its last report names. */
export function quarantineOrders(wanted: Readonly<Record<string, string>>, out: readonly number[]): QuarantineOrder[] {
	const missing = Object.entries(wanted).filter(([gpu]) => !out.includes(Number(gpu)));
	const returned = out.filter((gpu) => wanted[String(gpu)] === undefined);
	return [...missing.map(([gpu, reason]) => ({ gpu: Number(gpu), reason })), ...returned.map((gpu) => ({ gpu, reason: null }))];
}
