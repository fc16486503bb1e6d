/** What the platform's `DurableObject` is to a class that extends it: a place for its state and its bindings. */

export class DurableObject {
	readonly ctx: unknown;
	readonly env: unknown;

	constructor(ctx: unknown, env: unknown) {
		this.ctx = ctx;
		this.env = env;
	}
}
