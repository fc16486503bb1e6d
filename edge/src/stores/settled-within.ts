/** Waits for something that may take too long. */

/** Waits for a promise that does not reject, but no longer than `waitMs`. */
export async function settledWithin(promise: Promise<void>, waitMs: number): Promise<void> {
	if (waitMs <= 0) return;
	let timer: ReturnType<typeof setTimeout> | undefined;
	const over = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, waitMs);
	});
	await Promise.race([promise, over]);
	clearTimeout(timer);
}
