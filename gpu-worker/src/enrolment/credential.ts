/** What this host proves itself with in its region: a NATS key that it makes and keeps to itself, and the tokens that it gets for it once. Kept in the state directory, its owner's only. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@longshore/shared-schema/config/parse';
import { createUser, fromSeed } from 'nkeys.js';
import * as z from 'zod';
import { backoffMs } from '../core/backoff.ts';
import type { Log } from '../log.ts';

const FILE = 'credential.json';
const TIMEOUT_MS = 10_000;

/** The file. Tokens are empty between the making of the key and the broker's answer, so that a lost answer is asked for with the same key. */
const credentialFile = z.object({ hostId: z.string(), natsSeed: z.string(), natsToken: z.string(), hostToken: z.string(), enrolTokenHash: z.string() });
export type HostCredential = z.infer<typeof credentialFile>;
const answer = z.object({ hostId: z.string(), natsToken: z.string().min(1), hostToken: z.string().min(1) });

export interface CredentialOptions {
	readonly hostId: string;
	readonly stateDir: string;
	readonly brokerUrl: string;
	/** Null: the host is enrolled already. */
	readonly enrolToken: string | null;
	readonly log: Log;
}

/** The host's credential; redeems the enrolment token when it has not. Waits for a broker as long as it takes. Throws `ConfigError` when the region does not want this host. */
export async function hostCredential(options: CredentialOptions): Promise<HostCredential> {
	const { hostId, stateDir, enrolToken, log } = options;
	const path = join(stateDir, FILE);
	const known = read(path);
	const enrolTokenHash = enrolToken === null ? '' : createHash('sha256').update(enrolToken).digest('hex');
	const isDone = known !== null && known.natsToken !== '' && known.hostId === hostId;
	if (isDone && (enrolToken === null || known.enrolTokenHash === enrolTokenHash)) return known;
	if (enrolToken === null) {
		throw new ConfigError(`this host is not enrolled: let the operator run "longshore host enrol ${hostId}" and give the agent what it prints as LONGSHORE_ENROL_TOKEN`);
	}
	const begun = known !== null && known.enrolTokenHash === enrolTokenHash && known.hostId === hostId ? known : null;
	const natsSeed = begun?.natsSeed ?? new TextDecoder().decode(createUser().getSeed());
	write(path, { hostId, natsSeed, natsToken: '', hostToken: '', enrolTokenHash });
	const given = await redeem(options, enrolToken, fromSeed(new TextEncoder().encode(natsSeed)).getPublicKey());
	if (given.hostId !== hostId) throw new ConfigError(`LONGSHORE_ENROL_TOKEN is for host ${given.hostId}, this is ${hostId}`);
	const credential = { hostId, natsSeed, natsToken: given.natsToken, hostToken: given.hostToken, enrolTokenHash };
	write(path, credential);
	log.info('enrolled', { hostId });
	return credential;
}

async function redeem({ brokerUrl, log }: CredentialOptions, token: string, publicKey: string): Promise<z.infer<typeof answer>> {
	for (let tries = 0; ; tries++) {
		let problem: string;
		try {
			const response = await fetch(`${brokerUrl}/host/v1/enrol`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ token, publicKey }),
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			const text = await response.text();
			if (response.status === 200) return answer.parse(JSON.parse(text));
			problem = `status ${response.status}: ${text.slice(0, 300)}`;
			if (response.status < 500) throw new ConfigError(`the region does not enrol this host: ${problem}`);
		} catch (error) {
			if (error instanceof ConfigError) throw error;
			problem = String(error).slice(0, 300);
		}
		if (tries % 10 === 0) log.warn('cannot enrol yet, trying on', { problem });
		await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, 100, 2_000, Math.random())));
	}
}

function read(path: string): HostCredential | null {
	let text: string;
	try {
		text = readFileSync(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
		throw error;
	}
	try {
		return credentialFile.parse(JSON.parse(text));
	} catch {
		throw new ConfigError(`${path} is damaged: remove it and enrol this host anew`);
	}
}

function write(path: string, credential: HostCredential): void {
	const scratch = `${path}.tmp`;
	writeFileSync(scratch, `${JSON.stringify(credential)}\n`, { mode: 0o600 });
	renameSync(scratch, path);
}
