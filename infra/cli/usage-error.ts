/** The command was written wrongly: exit code 2, the message says what to type instead. */
export class UsageError extends Error {
	override readonly name: string = 'UsageError';
	/** A line below the message: what to do. */
	readonly fix: string | undefined;

	constructor(message: string, fix?: string) {
		super(message);
		this.fix = fix;
	}
}
