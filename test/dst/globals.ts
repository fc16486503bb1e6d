/** Puts the simulated world in the place of everything through which code can tell the real one: time, timers, randomness, network. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { BEGIN_MS, type Kernel, type Timer } from './kernel.ts';

/** A call through `fetch` or a service binding, as the simulated network sees it. */
export interface OutgoingCall {
	readonly url: string;
	readonly method: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
	readonly signal: AbortSignal | null;
}

type Callback = (...args: unknown[]) => void;

/** As much of the platform's `Request` as the edge's calls to regions use: the real one costs more than the rest of a simulated call. */
class LeanRequest implements OutgoingCall {
	readonly url: string;
	readonly method: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
	readonly signal: AbortSignal | null;

	constructor(url: string, init: Partial<OutgoingCall>) {
		this.url = url;
		this.method = init.method ?? 'GET';
		this.headers = init.headers ?? {};
		this.body = init.body ?? new Uint8Array(0);
		this.signal = init.signal ?? null;
	}
}

/** The answer to such a call. */
export class LeanResponse {
	readonly status: number;
	readonly body = null;
	readonly headers: { get(name: string): string | null };
	readonly #text: string;

	constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
		this.status = status;
		this.#text = text;
		this.headers = { get: (name) => headers[name] ?? null };
	}

	get ok(): boolean {
		return this.status >= 200 && this.status < 300;
	}

	async text(): Promise<string> {
		return this.#text;
	}

	async json(): Promise<unknown> {
		return JSON.parse(this.#text);
	}
}

/** From here on nothing that runs in this process sees the real time, a real timer or real randomness. `fetch` serves calls to the outside. */
export function installGlobals(kernel: Kernel, fetch: (call: OutgoingCall) => Promise<LeanResponse>, log: (text: string) => void): void {
	const random = kernel.random('product');
	const wall = (): number => Math.floor(kernel.now + kernel.current.skewMs);
	Date.now = wall;
	performance.now = () => kernel.now - BEGIN_MS;
	Math.random = random;
	installTimers(kernel);
	installRandomness(random);
	const global = globalThis as unknown as Record<string, unknown>;
	global['fetch'] = (what: string | LeanRequest, init: Partial<OutgoingCall> = {}) => fetch(typeof what === 'string' ? new LeanRequest(what, init) : what);
	global['Request'] = LeanRequest;
	AbortSignal.timeout = (ms) => {
		const controller = new AbortController();
		kernel.plan(kernel.current, ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')));
		return controller.signal;
	};
	console.log = () => {};
	console.error = (text: string) => log(text);
	console.warn = () => {};
}

function installTimers(kernel: Kernel): void {
	const global = globalThis as unknown as Record<string, unknown>;
	const handleOf = (state: { timer: Timer }): object => {
		const handle = { state, unref: () => handle, ref: () => handle, hasRef: () => true };
		return handle;
	};
	const clear = (handle: { state?: { timer: Timer } } | null | undefined): void => handle?.state?.timer.cancel();
	global['setTimeout'] = (run: Callback, ms = 0, ...args: unknown[]) => handleOf({ timer: kernel.plan(kernel.current, Math.max(1, ms), () => run(...args)) });
	global['setImmediate'] = (run: Callback, ...args: unknown[]) => handleOf({ timer: kernel.plan(kernel.current, 0, () => run(...args)) });
	global['setInterval'] = (run: Callback, ms: number) => {
		const actor = kernel.current;
		const again = (): void => {
			state.timer = kernel.plan(actor, Math.max(1, ms), again);
			run();
		};
		const state = { timer: kernel.plan(actor, Math.max(1, ms), again) };
		return handleOf(state);
	};
	for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) global[name] = clear;
	global['scheduler'] = { wait: (ms: number) => new Promise<void>((resolve) => void kernel.plan(kernel.current, ms, resolve)) };
}

function installRandomness(random: () => number): void {
	const fill = <T extends Uint8Array>(bytes: T): T => {
		for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
		return bytes;
	};
	const lib = crypto as unknown as Record<string, unknown>;
	lib['randomBytes'] = (count: number) => fill(Buffer.alloc(count));
	lib['randomInt'] = (below: number) => Math.floor(random() * below);
	lib['randomUUID'] = () => fill(Buffer.alloc(16)).toString('hex');
	syncBuiltinESMExports();
	// Signatures are proved elsewhere; their threads would bring the real world's order in.
	const subtle = globalThis.crypto.subtle as unknown as Record<string, unknown>;
	subtle['importKey'] = async () => ({});
	subtle['sign'] = async () => new ArrayBuffer(64);
}
