/** Keys, tokens and passwords of a local stack: made once, kept in its home, completed when the topology grows. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Topology } from '@longshore/shared-schema/wire/topology';
import { makeNatsKeys, type NatsKeys } from './nats-keys.ts';
import { readState, writeState } from './state-file.ts';

/** An Ed25519 pair: base64 of PKCS#8 DER and of SPKI DER. */
export interface KeyPair {
	readonly privateKey: string;
	readonly publicKey: string;
}

export interface RegionSecrets extends KeyPair {
	readonly operatorToken: string;
	/** What brokers make hosts' tokens with. */
	readonly hostKey: string;
	readonly nats: NatsKeys;
	/** Encrypts the stores of the region's NATS servers. */
	readonly storeKey: string;
	/** Between the NATS servers of the region. */
	readonly routePassword: string;
}

export interface StackSecrets {
	readonly edge: KeyPair;
	/** 32 random bytes, base64. */
	readonly idKey: string;
	/** 32 random bytes, base64. */
	readonly sealKey: string;
	readonly operatorToken: string;
	readonly regions: Readonly<Record<string, RegionSecrets>>;
}

/** Reads the secrets of `file`, adds what `topology` needs beyond them, and saves them when something was added. */
export function loadSecrets(file: string, topology: Topology): StackSecrets {
	const known = readState<StackSecrets>(file);
	const regions: Record<string, RegionSecrets> = { ...known?.regions };
	for (const regionId of Object.keys(topology.regions)) {
		const old = regions[regionId];
		regions[regionId] = {
			...(old ?? { ...keyPair(), operatorToken: token(), routePassword: token() }),
			storeKey: old?.storeKey ?? token(),
			hostKey: old?.hostKey ?? token(),
			nats: old?.nats ?? makeNatsKeys(regionId),
		};
	}
	const secrets: StackSecrets = {
		edge: known?.edge ?? keyPair(),
		idKey: known?.idKey ?? randomBytes(32).toString('base64'),
		sealKey: known?.sealKey ?? randomBytes(32).toString('base64'),
		operatorToken: known?.operatorToken ?? token(),
		regions,
	};
	if (JSON.stringify(secrets) !== JSON.stringify(known)) writeState(file, secrets);
	return secrets;
}

function token(): string {
	return randomBytes(24).toString('base64url');
}

function keyPair(): KeyPair {
	const { privateKey, publicKey } = generateKeyPairSync('ed25519');
	return {
		privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
		publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
	};
}
