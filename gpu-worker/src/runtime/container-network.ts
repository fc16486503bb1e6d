/** The network that workers in containers stand in, and the address at which they reach the agent from there. */
import type Docker from 'dockerode';
import { LABELS } from '../core/container-spec.ts';
import { messageOf, statusOf } from './container-engine.ts';
import { WorkerStartError } from './runtime.ts';

/**
 * Gateway of network `name`, which is made where it is missing: a bridge of its own, whose containers do not see each other where the
 * engine can keep them apart. Throws `WorkerStartError`.
 */
export async function ensureNetwork(engine: Docker, name: string): Promise<string> {
	const gateway = gatewayOf((await inspect(engine, name)) ?? (await create(engine, name)));
	if (gateway !== null) return gateway;
	throw new WorkerStartError(`network ${name} of the container engine has no gateway: set LONGSHORE_CONTAINER_BRIDGE_HOST to the address at which containers reach this host`);
}

interface NetworkFacts {
	readonly IPAM?: { readonly Config?: readonly { readonly Gateway?: string }[] };
}

async function inspect(engine: Docker, name: string): Promise<NetworkFacts | null> {
	try {
		return (await engine.getNetwork(name).inspect()) as NetworkFacts;
	} catch (error) {
		if (statusOf(error) === 404) return null;
		throw new WorkerStartError(`the container engine cannot show network ${name}: ${messageOf(error)}`);
	}
}

async function create(engine: Docker, name: string): Promise<NetworkFacts> {
	try {
		await engine.createNetwork({
			Name: name,
			Driver: 'bridge',
			CheckDuplicate: true,
			Labels: { [LABELS.agent]: 'network' },
			Options: { 'com.docker.network.bridge.enable_icc': 'false' },
		});
	} catch (error) {
		// Another agent of this machine was faster.
		if (statusOf(error) !== 409) {
			const plain = await createPlain(engine, name, error);
			if (plain !== null) throw new WorkerStartError(`the container engine cannot make network ${name}: ${plain}`);
		}
	}
	const made = await inspect(engine, name);
	if (made === null) throw new WorkerStartError(`the container engine has no network ${name} although it was just made`);
	return made;
}

/** Podman knows no such option and says so. Null when that worked. */
async function createPlain(engine: Docker, name: string, first: unknown): Promise<string | null> {
	if (!/option/i.test(messageOf(first))) return messageOf(first);
	try {
		await engine.createNetwork({ Name: name, Driver: 'bridge', Labels: { [LABELS.agent]: 'network' } });
		return null;
	} catch (error) {
		return statusOf(error) === 409 ? null : messageOf(error);
	}
}

/** IPv4 first: the bridge listens on one address. */
function gatewayOf(network: NetworkFacts): string | null {
	const gateways = (network.IPAM?.Config ?? []).flatMap(({ Gateway }) => (Gateway === undefined || Gateway === '' ? [] : [Gateway.split('/')[0] ?? '']));
	return gateways.find((address) => !address.includes(':')) ?? gateways[0] ?? null;
}
