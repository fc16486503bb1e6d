/** What one check of `doctor` found. */
export interface Finding {
	readonly name: string;
	/** `skip`: could not be looked at from here, and that is all right. */
	readonly result: 'ok' | 'warn' | 'fail' | 'skip';
	readonly text: string;
	/** What to do about it. */
	readonly fix?: string;
}
