/** `longshore host enrol|revoke`: lets a machine into a region with a token that works once, and puts one out. */
import type { Command } from 'commander';
import { type RegionCaller, regionOf } from '../api/region-call.ts';
import { confirmByName } from '../ask/confirm.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { parseDurationMs } from '../terminal/duration.ts';

interface Invitation {
	readonly hostId: string;
	readonly token: string;
	readonly expiresAt: string;
}

export function addHostEnrol(host: Command): void {
	define(host, 'enrol <host>', 'Let a machine join: prints a token that works once', [
		['longshore host enrol gpu-7 --region eu-1', 'LONGSHORE_ENROL_TOKEN for the agent there'],
		['longshore host enrol gpu-7 --region eu-1 --expires 10m', 'for a machine that is about to start'],
	])
		.option('--region <id>', 'the region that it joins (needed when there are several)')
		.option('--expires <duration>', 'how long the token can be redeemed, 1m to 24h', '1h')
		.action(withSession(enrol));
	define(host, 'revoke <host>', 'Put a host out; its jobs move', [['longshore host revoke gpu-7', 'a machine that was stolen or sold']])
		.option('--region <id>', 'the region that it is in, where the host has not reported')
		.option('-y, --yes', 'do not ask')
		.action(withSession(revoke));
}

async function enrol(session: Session, id: string, flags: { readonly region?: string; readonly expires: string }): Promise<void> {
	const region: RegionCaller = await regionOf(session, flags.region);
	const expiresInS = Math.round(parseDurationMs(flags.expires, '--expires') / 1_000);
	const invitation = (await region.call('POST', `/operator/v1/hosts/${encodeURIComponent(id)}/enrol`, { body: { expiresInS } })) as unknown as Invitation;
	session.show(invitation, () => [invitation.token]);
	session.done(`host ${id} may join region ${region.id} until ${invitation.expiresAt}; the token works once and is not shown again`, [
		`LONGSHORE_ENROL_TOKEN=… LONGSHORE_HOST_ID=${id} npm exec -- node gpu-worker/src/main.ts    (on the machine)`,
		`longshore host revoke ${id}`,
	]);
}

async function revoke(session: Session, id: string, flags: { readonly region?: string; readonly yes?: boolean }): Promise<void> {
	const region = await regionOf(session, flags.region, id);
	await confirmByName(session, { what: `the credential of host ${id} in region ${region.id}, cuts off what runs there and starts it elsewhere`, name: id, yes: flags.yes });
	const answer = await region.call('POST', `/operator/v1/hosts/${encodeURIComponent(id)}/revoke`);
	session.show(answer, () => []);
	session.done(`host ${id} is refused by region ${region.id}; its jobs move when its lease is over`, [
		`longshore host enrol ${id} --region ${region.id}    (lets it in again, with a new key)`,
	]);
}
