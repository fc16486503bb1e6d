/** Runs an action over a list with a bounded number of them at once, keeping the order of results. */

export async function mapBounded<T, R>(items: readonly T[], atOnce: number, action: (item: T) => Promise<R>): Promise<R[]> {
	const results = new Array<R>(items.length);
	let next = 0;
	const lane = async (): Promise<void> => {
		for (let i = next++; i < items.length; i = next++) results[i] = await action(items[i] as T);
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
	return results;
}
