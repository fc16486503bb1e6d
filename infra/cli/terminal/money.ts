/** US dollars as people read them. */

/** Writes the amounts of one table with the same digits: cents where the largest is worth it, more where all are small. */
export function moneyFormat(amounts: readonly number[]): (amount: number) => string {
	const largest = Math.max(0, ...amounts.map(Math.abs));
	const digits = largest >= 10 ? 2 : largest >= 0.01 ? 4 : 6;
	return (amount) => `$${amount.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** A price by the second, with as many digits as it has up to eight. */
export function perSecond(price: number): string {
	return `$${price.toLocaleString('en-US', { minimumFractionDigits: 5, maximumFractionDigits: 8 })}/s`;
}
