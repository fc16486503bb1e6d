/**
 * Host boots that were given up, stored: a broker that restarts forgets them, and the jobs that ran there are looked at only some seconds
 * after the news. A host that was cut off may return under its old boot: then it is no longer lost.
 */
import type { RegionHeartbeat } from '@longshore/shared-schema/wire/region';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS lost_boots (boot TEXT PRIMARY KEY, at INTEGER NOT NULL)';
/** Every running job is looked at many times in this time, also by a store that missed the news. */
const KEEP_MS = 86_400_000;

/** The table of lost boots and its copy in memory. */
export class LostBoots {
	readonly #sql: SqlStorage;
	readonly #at = new Map<string, number>();

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
		for (const { boot, at } of sql.exec<{ boot: string; at: number }>('SELECT boot, at FROM lost_boots')) this.#at.set(boot, at);
	}

	/** Takes a heartbeat in; the boots that are lost since the ones before it. */
	hear({ hosts, lostBoots }: Pick<RegionHeartbeat, 'hosts' | 'lostBoots'>, now: number): string[] {
		const alive = new Set(hosts.map(({ boot }) => boot));
		for (const boot of alive) this.#forget(boot);
		const news = lostBoots.filter((boot) => !alive.has(boot) && !this.#at.has(boot));
		if (news.length === 0) return [];
		for (const [boot, at] of this.#at) if (now - at > KEEP_MS) this.#forget(boot);
		for (const boot of news) {
			this.#at.set(boot, now);
			this.#sql.exec('INSERT INTO lost_boots (boot, at) VALUES (?, ?) ON CONFLICT (boot) DO UPDATE SET at = excluded.at', boot, now);
		}
		return news;
	}

	/** All that are lost. */
	list(): string[] {
		return [...this.#at.keys()];
	}

	#forget(boot: string): void {
		if (this.#at.delete(boot)) this.#sql.exec('DELETE FROM lost_boots WHERE boot = ?', boot);
	}
}
