import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withRoom } from '../../../edge/src/gate/large-bodies.ts';
import { LARGE_BODIES_BYTES_MAX, LARGE_BODY_BYTES_MIN } from '../../../shared-schema/src/limits.ts';

const HALF = LARGE_BODIES_BYTES_MAX / 2;

beforeEach(() => {
	vi.useFakeTimers();
	// workerd's own global, on the clock of the test.
	vi.stubGlobal('scheduler', { wait: (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs)) });
});
afterEach(async () => {
	for (let n = 0; n < begun.length; n++) {
		begun[n]?.done();
		await vi.advanceTimersByTimeAsync(100);
	}
	vi.unstubAllGlobals();
	vi.useRealTimers();
});

interface Use {
	readonly name: string;
	/** The body has been used. */
	done(): void;
}
let begun: Use[] = [];
beforeEach(() => {
	begun = [];
});
const names = () => begun.map(({ name }) => name);

/** A request with a body of `bytes`; null: its length is not said. */
function enter(name: string, bytes: number | null): Promise<string> {
	const request = new Request('http://edge/', { headers: bytes === null ? {} : { 'content-length': String(bytes) } });
	return withRoom(
		request,
		() =>
			new Promise<string>((resolve) => {
				begun.push({ name, done: () => resolve(name) });
			}),
	);
}

describe('room for large bodies', () => {
	test('is for as many as fit; the next one waits until one is done', async () => {
		void enter('a', HALF);
		void enter('b', HALF);
		void enter('c', HALF);
		await vi.advanceTimersByTimeAsync(1_000);
		expect(names()).toEqual(['a', 'b']);
		begun[0]?.done();
		await vi.advanceTimersByTimeAsync(50);
		expect(names()).toEqual(['a', 'b', 'c']);
	});

	test('is given in the order of arrival: a smaller one does not slip past', async () => {
		void enter('a', LARGE_BODIES_BYTES_MAX);
		void enter('b', LARGE_BODIES_BYTES_MAX);
		void enter('c', LARGE_BODY_BYTES_MIN);
		await vi.advanceTimersByTimeAsync(100);
		begun[0]?.done();
		await vi.advanceTimersByTimeAsync(100);
		expect(names()).toEqual(['a', 'b']);
	});

	test('is not needed for a small body', async () => {
		void enter('a', LARGE_BODIES_BYTES_MAX);
		await vi.advanceTimersByTimeAsync(0);
		void enter('small', LARGE_BODY_BYTES_MIN - 1);
		await vi.advanceTimersByTimeAsync(0);
		expect(names()).toEqual(['a', 'small']);
	});

	test('is there for a body larger than all of it, alone', async () => {
		void enter('giant', 10 * LARGE_BODIES_BYTES_MAX);
		await vi.advanceTimersByTimeAsync(0);
		expect(names()).toEqual(['giant']);
	});

	test('is free again when the use of a body fails', async () => {
		const failed = withRoom(new Request('http://edge/', { headers: { 'content-length': String(LARGE_BODIES_BYTES_MAX) } }), () => Promise.reject(new Error('refused')));
		await expect(failed).rejects.toThrow('refused');
		void enter('next', LARGE_BODIES_BYTES_MAX);
		await vi.advanceTimersByTimeAsync(0);
		expect(names()).toEqual(['next']);
	});

	test('is not kept by one who never comes to an end', async () => {
		void enter('silent', LARGE_BODIES_BYTES_MAX);
		void enter('next', LARGE_BODIES_BYTES_MAX);
		await vi.advanceTimersByTimeAsync(9_000);
		expect(names()).toEqual(['silent']);
		await vi.advanceTimersByTimeAsync(1_100);
		expect(names()).toEqual(['silent', 'next']);
	});

	test('is asked for by a body whose length is not said', async () => {
		void enter('a', LARGE_BODIES_BYTES_MAX);
		void enter('unsaid', null);
		await vi.advanceTimersByTimeAsync(100);
		expect(names()).toEqual(['a']);
	});
});
