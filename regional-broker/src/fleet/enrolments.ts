/** Which hosts belong to the region: invitations, the keys that came of them and those revoked, kept on JetStream beyond any broker's life and told to NATS. */
import { createHash, randomBytes } from 'node:crypto';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import type { BusRecords } from '../bus/bus.ts';
import type { Registrar } from '../bus/registrar.ts';
import { type Enrolment, invite, NOT_ENROLLED, type Redemption, redeem, revoke } from '../core/enrolment.ts';
import { errorText, type Log } from '../log.ts';

const KEY = 'enrolment.';
/** Every broker reads the records again this often: what it was not told in passing, it learns then. */
const RELOAD_MS = 15_000;
const SWAPS_MAX = 5;

const hostKey = z.object({ publicKey: z.string(), atMs: z.number() });
const enrolmentRecord = z.object({
	invitation: z.object({ tokenHash: z.string(), expiresAtMs: z.number(), redeemedBy: z.string().nullable() }).nullable(),
	key: hostKey.nullable(),
	revoked: z.array(hostKey),
});

export interface EnrolmentsOptions {
	readonly records: Pick<BusRecords, 'get' | 'swap' | 'list'>;
	/** Null: this broker has no keys to issue with, so the region's NATS asks nobody who he is. */
	readonly registrar: Registrar | null;
	/** Other brokers should read a host's record again. */
	readonly tell: (hostId: string) => void;
	readonly wallClock: () => number;
	readonly log: Log;
}

export class Enrolments {
	readonly #options: EnrolmentsOptions;
	readonly #known = new Map<string, Enrolment>();
	#revoked: ReadonlySet<string> | null = null;
	#timer: NodeJS.Timeout | null = null;

	constructor(options: EnrolmentsOptions) {
		this.#options = options;
	}

	/** Reads what is kept, now and every so often. */
	start(): void {
		void this.#reload();
		this.#timer ??= setInterval(() => void this.#reload(), RELOAD_MS);
	}

	stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
	}

	of(hostId: string): Enrolment {
		return this.#known.get(hostId) ?? NOT_ENROLLED;
	}

	/** Null until the records have been read: then nobody can say. */
	isRevoked(publicKey: string): boolean | null {
		return this.#revoked === null ? null : this.#revoked.has(publicKey);
	}

	/** A token that one machine can redeem, once, until `expiresAtMs`. */
	async invite(hostId: string, expiresAtMs: number): Promise<string> {
		const token = `${hostId}.${randomBytes(24).toString('base64url')}`;
		await this.#change(hostId, (enrolment) => invite(enrolment, sha256(token), expiresAtMs));
		return token;
	}

	/** The host of the token, whose key from now on is `publicKey`; or why not. */
	async redeem(token: string, publicKey: string): Promise<{ readonly hostId: string } | Extract<Redemption, { refused: string }>> {
		const hostId = token.split('.')[0] ?? '';
		if (!ID_PATTERN.test(hostId)) return { refused: 'unknown' };
		let outcome: Redemption = { refused: 'unknown' };
		await this.#change(hostId, (enrolment) => {
			outcome = redeem(enrolment, sha256(token), publicKey, this.#options.wallClock());
			return 'refused' in outcome ? null : outcome.enrolment;
		});
		if ('refused' in outcome) return outcome;
		await this.#refuse();
		this.#options.log.info('host is enrolled', { hostId, publicKey });
		return { hostId };
	}

	/** Resolves when NATS refuses the host's key and has ended its connections. False: the host was not enrolled. */
	async revoke(hostId: string): Promise<boolean> {
		let found = false;
		await this.#change(hostId, (enrolment) => {
			found = enrolment.key !== null || enrolment.invitation !== null || enrolment.revoked.length > 0;
			return found ? revoke(enrolment, this.#options.wallClock()) : null;
		});
		if (!found) return false;
		await this.#refuse();
		this.#options.log.warn('host is revoked', { hostId });
		return true;
	}

	/** Another broker has changed a host's record. */
	async hear(hostId: string): Promise<void> {
		try {
			const record = await this.#options.records.get(KEY + hostId);
			if (record !== null) this.#keep(hostId, parse(record.value));
		} catch (error) {
			this.#options.log.warn('cannot read an enrolment, it is read again later', { hostId, error: errorText(error) });
		}
	}

	/** Writes over what it has read; another broker's write in between is read anew. */
	async #change(hostId: string, change: (enrolment: Enrolment) => Enrolment | null): Promise<void> {
		const { records, tell } = this.#options;
		for (let tries = 0; tries < SWAPS_MAX; tries++) {
			const record = await records.get(KEY + hostId);
			const before = record === null ? NOT_ENROLLED : parse(record.value);
			const after = change(before);
			if (after === null || after === before) return;
			if ((await records.swap(KEY + hostId, JSON.stringify(after), record?.revision ?? 0)) === null) continue;
			this.#keep(hostId, after);
			tell(hostId);
			return;
		}
		throw new Error(`the enrolment of ${hostId} is being changed by somebody else`);
	}

	#keep(hostId: string, enrolment: Enrolment): void {
		this.#known.set(hostId, enrolment);
		this.#revoked = new Set([...this.#known.values()].flatMap(({ revoked }) => revoked.map(({ publicKey }) => publicKey)));
	}

	async #refuse(): Promise<void> {
		const keys = [...this.#known.values()].flatMap(({ revoked }) => revoked);
		if (keys.length > 0) await this.#options.registrar?.refuse(Object.fromEntries(keys.map(({ publicKey, atMs }) => [publicKey, Math.floor(atMs / 1_000)])));
	}

	async #reload(): Promise<void> {
		try {
			for (const [key, value] of await this.#options.records.list(KEY)) this.#known.set(key.slice(KEY.length), parse(value));
			this.#revoked = new Set([...this.#known.values()].flatMap(({ revoked }) => revoked.map(({ publicKey }) => publicKey)));
			await this.#refuse();
		} catch (error) {
			this.#options.log.warn('cannot read which hosts are enrolled, trying on', { error: errorText(error) });
		}
	}
}

function parse(text: string): Enrolment {
	return enrolmentRecord.parse(JSON.parse(text));
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
