/** Requests between processes: delayed, lost on the way there or back, delivered twice, cut off one way or both, as networks do. */
import type { Actor, Kernel } from './kernel.ts';

/** What a request may run into. Times in milliseconds. */
export interface Weather {
	delayMs: number;
	/** Share of requests that never arrive, of answers that never come back, and of requests that arrive twice. */
	lost: number;
	answerLost: number;
	doubled: number;
}

export interface Peer {
	/** Part of a link's name. */
	readonly place: string;
	readonly actor: Actor;
}

/** How a request ended when it was not answered. */
export class NetworkError extends Error {
	override readonly name: string = 'NetworkError';
}

export class Network {
	readonly weather: Weather = { delayMs: 1, lost: 0, answerLost: 0, doubled: 0 };
	readonly #kernel: Kernel;
	/** Until when nothing passes from one place to another, by `<from>><to>`. */
	readonly #cuts = new Map<string, number>();
	/** How often each misfortune met a request. */
	readonly met: Record<'lost' | 'answerLost' | 'doubled' | 'refused', number> = { lost: 0, answerLost: 0, doubled: 0, refused: 0 };

	constructor(kernel: Kernel) {
		this.#kernel = kernel;
	}

	/** Cuts a link one way until `until`. */
	cut(from: string, to: string, until: number): void {
		this.#cuts.set(`${from}>${to}`, Math.max(until, this.#cuts.get(`${from}>${to}`) ?? 0));
	}

	heal(): void {
		this.#cuts.clear();
	}

	isCut(from: string, to: string): boolean {
		return (this.#cuts.get(`${from}>${to}`) ?? 0) > this.#kernel.now;
	}

	/** One-way time on a link. */
	delayMs(): number {
		return this.weather.delayMs * (0.5 + this.#kernel.random('network')());
	}

	/** Sends a request; `serve` runs in the receiver's process. Rejects when there is no answer within `timeoutMs`. */
	request<T>(from: Peer, to: Peer, timeoutMs: number, serve: () => Promise<T>): Promise<T> {
		const kernel = this.#kernel;
		const { life } = from.actor;
		return new Promise<T>((resolve, reject) => {
			let settled = false;
			const settle = (run: () => void): void => {
				if (settled) return;
				settled = true;
				timer.cancel();
				run();
			};
			const fail = (text: string): void => settle(() => reject(new NetworkError(text)));
			const timer = kernel.plan(from.actor, timeoutMs, () => fail(`no answer from ${to.place} within ${timeoutMs} ms`));
			const answer = (run: () => void): void => {
				if (this.isCut(to.place, from.place) || this.#meets('answerLost')) return;
				kernel.plan(from.actor, this.delayMs(), () => settle(run), life);
			};
			const arrive = (): void => {
				serve().then(
					(value) => answer(() => resolve(value)),
					(error) => answer(() => reject(error as Error)),
				);
			};
			if (this.isCut(from.place, to.place) || this.#meets('lost')) return;
			if (!to.actor.up) {
				this.met.refused++;
				kernel.plan(from.actor, this.delayMs(), () => fail(`${to.place} refuses the connection`), life);
				return;
			}
			kernel.plan(to.actor, this.delayMs(), arrive);
			if (this.#meets('doubled')) kernel.plan(to.actor, this.delayMs() * 3, arrive);
		});
	}

	#meets(what: 'lost' | 'answerLost' | 'doubled'): boolean {
		const share = this.weather[what];
		if (share === 0 || this.#kernel.random(what)() >= share) return false;
		this.met[what]++;
		return true;
	}
}
