/** The command was right and could not be carried out: exit code 1, with the fix where one is known. */
export class Failure extends Error {
	override readonly name: string = 'Failure';
	/** Lines below the message: details, what to do. */
	readonly fix: string | undefined;
	readonly exitCode: number;

	constructor(message: string, fix?: string, exitCode = 1) {
		super(message);
		this.fix = fix;
		this.exitCode = exitCode;
	}
}
