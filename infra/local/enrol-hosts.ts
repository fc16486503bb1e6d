/** Enrols the stack's hosts in their regions as an operator would: one token each, for those that have no credential in their state directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { hostsOf, type StackPlan } from './processes.ts';

/** A broker that has just come up answers once NATS has let it in. */
const WAIT_MS = 30_000;
const LOOK_MS = 50;
const invitation = z.object({ token: z.string() });

/** Hosts that have to be enrolled before they can start. */
export function hostsToEnrol(plan: StackPlan): { readonly regionId: string; readonly hostId: string }[] {
	return plan.network.flatMap((region) =>
		hostsOf(plan, region.id)
			.filter((host) => !existsSync(join(plan.layout.hosts, host.id, 'credential.json')))
			.map((host) => ({ regionId: region.id, hostId: host.id })),
	);
}

/** Tokens by host. The brokers must be up. */
export async function enrolHosts(plan: StackPlan, hosts: ReturnType<typeof hostsToEnrol>): Promise<Record<string, string>> {
	const untilMs = performance.now() + WAIT_MS;
	return Object.fromEntries(await Promise.all(hosts.map(async ({ regionId, hostId }) => [hostId, await invite(plan, regionId, hostId, untilMs)] as const)));
}

async function invite(plan: StackPlan, regionId: string, hostId: string, untilMs: number): Promise<string> {
	const url = plan.network.find(({ id }) => id === regionId)?.brokerUrl ?? '';
	const authorization = `Bearer ${plan.secrets.regions[regionId]?.operatorToken ?? ''}`;
	for (;;) {
		const answer = await fetch(`${url}/operator/v1/hosts/${hostId}/enrol`, { method: 'POST', headers: { authorization }, signal: AbortSignal.timeout(WAIT_MS) });
		const text = await answer.text();
		if (answer.status === 200) return invitation.parse(JSON.parse(text)).token;
		if (answer.status !== 503 || performance.now() >= untilMs) throw new Error(`host ${hostId} cannot be enrolled in ${regionId}: status ${answer.status} ${text.slice(0, 300)}`);
		await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
	}
}
