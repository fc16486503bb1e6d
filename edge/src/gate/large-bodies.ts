/**
 * Lets only so many bytes of large bodies into the isolate at one time: each is there several times over on its way into a store. The
 * others wait unread, in their senders' hands.
 */
import { LARGE_BODIES_BYTES_MAX, LARGE_BODY_BYTES_MIN } from '@longshore/shared-schema/limits';

/** A body that takes longer counts no more: a slow sender must not keep others out, and a request that workerd drops never says that it is over. */
const HOLD_MS = 10_000;
/** Looked at this often: requests of one isolate cannot wake each other. */
const LOOK_MS = 20;

interface Place {
	readonly bytes: number;
	readonly until: number;
}

const inside = new Set<Place>();
/** Requests that wait, first come first served; each renews its own mark, so that one that was dropped is passed over. */
const waiting = new Map<symbol, number>();

/** Runs `use` once there is room for the request's body, which it reads and is done with when it resolves. Small ones pass. */
export async function withRoom<T>(request: Request, use: () => Promise<T>): Promise<T> {
	const declared = Number(request.headers.get('content-length') ?? LARGE_BODY_BYTES_MIN);
	if (!(declared >= LARGE_BODY_BYTES_MIN)) return use();
	const bytes = Math.min(declared, LARGE_BODIES_BYTES_MAX);
	const place = await takePlace(bytes);
	try {
		return await use();
	} finally {
		inside.delete(place);
	}
}

async function takePlace(bytes: number): Promise<Place> {
	const me = Symbol();
	try {
		while (true) {
			waiting.set(me, Date.now());
			if (isFirst(me) && bytesInside() + bytes <= LARGE_BODIES_BYTES_MAX) {
				const place: Place = { bytes, until: Date.now() + HOLD_MS };
				inside.add(place);
				return place;
			}
			await scheduler.wait(LOOK_MS);
		}
	} finally {
		waiting.delete(me);
	}
}

function isFirst(me: symbol): boolean {
	for (const [other, seenAt] of waiting) {
		if (other === me) return true;
		if (Date.now() - seenAt < 50 * LOOK_MS) return false;
		waiting.delete(other);
	}
	return true;
}

function bytesInside(): number {
	let sum = 0;
	for (const place of inside) {
		if (place.until <= Date.now()) inside.delete(place);
		else sum += place.bytes;
	}
	return sum;
}
