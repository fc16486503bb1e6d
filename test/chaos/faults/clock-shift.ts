/** Loaded into a broker or a host before its own code: shifts its wall clock by what the file named `CHAOS_CLOCK_FILE` says. Monotonic time stays true. */
import { readFileSync } from 'node:fs';

const LOOK_MS = 100;
const file = process.env['CHAOS_CLOCK_FILE'] ?? '';
let offsetMs = 0;

const RealDate = Date;
class ShiftedDate extends RealDate {
	constructor(...args: readonly unknown[]) {
		if (args.length === 0) super(RealDate.now() + offsetMs);
		else super(...(args as [number]));
	}

	static override now(): number {
		return RealDate.now() + offsetMs;
	}
}
globalThis.Date = ShiftedDate as DateConstructor;

setInterval(() => {
	try {
		offsetMs = Number(readFileSync(file, 'utf8')) || 0;
	} catch {
		offsetMs = 0; // Nobody has shifted it.
	}
}, LOOK_MS).unref();
