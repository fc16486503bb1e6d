/** Checks of this machine: the NATS servers of a local stack, the nats-server program, the disk below the state. */
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { findNatsServer } from '../../local/nats-server.ts';
import type { Session } from '../session.ts';
import { urlOf } from './edge-checks.ts';
import type { Finding } from './finding.ts';

/** Everything works from 2.9 on; production asks for a release with the fixes of this one. */
const NATS_FLOOR = [2, 9, 0];
const NATS_PRODUCTION = [2, 12, 15];
const DISK_FAIL_BYTES = 1024 ** 3;
const DISK_WARN_BYTES = 5 * 1024 ** 3;

/** The program that a local stack would start. */
export async function checkNatsServer(): Promise<Finding[]> {
	const name = 'nats-server';
	try {
		const server = await findNatsServer();
		if (server === null) return [{ name, result: 'skip', text: 'not on this machine: npm start fetches one, a broker elsewhere has its own' }];
		return [versionFinding(name, `v${server.version}`, server.path)];
	} catch (error) {
		return [{ name, result: 'fail', text: (error as Error).message, fix: 'Point NATS_SERVER at one that runs, or unset it.' }];
	}
}

/** The servers that run now: each says its version when one connects. */
export async function checkNats(session: Session): Promise<Finding[]> {
	if (urlOf(session) === null) return [];
	const { local } = session.context;
	if (local === null) return [{ name: 'NATS', result: 'skip', text: "a region's NATS is looked at on the region's side (its broker's /readyz above)" }];
	const findings: Finding[] = [];
	for (const region of local.regions) {
		for (const url of region.natsUrl.split(',')) {
			const { hostname, port } = new URL(url);
			const version = await natsVersion(hostname, Number(port));
			if (version === null)
				findings.push({ name: `NATS ${region.id}`, result: 'fail', text: `no NATS server answers at ${hostname}:${port}`, fix: 'npm start    (its supervisor starts it again)' });
			else findings.push(versionFinding(`NATS ${region.id}`, `v${version}`, `${hostname}:${port}`));
		}
	}
	return findings;
}

export async function checkDisk(session: Session): Promise<Finding[]> {
	const home = urlOf(session) === null ? null : (session.context.local?.home ?? null);
	if (home === null) return [];
	const { bavail, bsize } = await statfs(home);
	const free = bavail * bsize;
	const text = `${(free / 1024 ** 3).toFixed(1)} GiB free below ${home}`;
	const fix = 'Free some: results and logs lie there; or move the state with LONGSHORE_HOME.';
	if (free < DISK_FAIL_BYTES) return [{ name: 'Disk', result: 'fail', text, fix }];
	return [free < DISK_WARN_BYTES ? { name: 'Disk', result: 'warn', text, fix } : { name: 'Disk', result: 'ok', text }];
}

/** Judges a version such as `v2.15.1`. */
export function versionFinding(name: string, version: string, where: string): Finding {
	const parts = (/v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
	const text = `${version} at ${where}`;
	const wanted = NATS_PRODUCTION.join('.');
	if (parts.length < 3) return { name, result: 'warn', text: `${text}: this version cannot be judged`, fix: `Production asks for ${wanted} or later.` };
	if (compare(parts, NATS_FLOOR) < 0)
		return { name, result: 'fail', text: `${text} is too old: ${NATS_FLOOR.join('.')} is the least`, fix: `Install ${wanted} or later, and point NATS_SERVER at it.` };
	if (compare(parts, NATS_PRODUCTION) < 0)
		return { name, result: 'warn', text: `${text} works; production asks for ≥ ${wanted}`, fix: `Install ${wanted} or later, and point NATS_SERVER at it.` };
	return { name, result: 'ok', text };
}

function compare(a: readonly number[], b: readonly number[]): number {
	for (const [index, part] of b.entries()) if (a[index] !== part) return (a[index] ?? 0) - part;
	return 0;
}

/** A NATS server's first line is `INFO {…"version":…}`, before anybody has to log in. */
function natsVersion(host: string, port: number): Promise<string | null> {
	return new Promise((done) => {
		const socket = connect({ host, port, timeout: 3_000 });
		let heard = '';
		const end = (version: string | null): void => {
			socket.destroy();
			done(version);
		};
		socket.setEncoding('utf8').on('data', (text: string) => {
			heard += text;
			const version = /^INFO .*?"version":"([^"]+)"/.exec(heard)?.[1];
			if (version !== undefined || heard.length > 65_536) end(version ?? null);
		});
		socket.on('error', () => end(null)).on('timeout', () => end(null));
	});
}
