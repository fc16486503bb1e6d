/** An endpoint's releases: the specification of each version, what it changed and when. */
import { endpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { RELEASES_KEPT_MAX } from '@longshore/shared-schema/limits';
import type { ReleaseDiffEntry } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import type { Release, ReleaseNote } from '../core/release-note.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS releases (version INTEGER PRIMARY KEY, spec TEXT NOT NULL, diff TEXT NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL)';

/** The last `RELEASES_KEPT_MAX` releases. */
export class ReleaseTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Writes a version down; one that is there already stays as it is. */
	add({ version, spec, diff, createdAt, createdBy }: Release): void {
		this.#sql.exec(
			'INSERT OR IGNORE INTO releases (version, spec, diff, created_at, created_by) VALUES (?, ?, ?, ?, ?)',
			version,
			JSON.stringify(spec),
			JSON.stringify(diff),
			createdAt,
			createdBy,
		);
		this.#sql.exec('DELETE FROM releases WHERE version <= ?', version - RELEASES_KEPT_MAX);
	}

	/** Newest first. */
	list(): Release[] {
		return this.#sql
			.exec<{ version: number; spec: string; diff: string; created_at: number; created_by: string }>(
				'SELECT version, spec, diff, created_at, created_by FROM releases ORDER BY version DESC',
			)
			.toArray()
			.map((row) => ({
				version: row.version,
				spec: endpointSpec.parse(JSON.parse(row.spec)),
				diff: JSON.parse(row.diff) as ReleaseDiffEntry[],
				createdAt: row.created_at,
				createdBy: row.created_by,
			}));
	}

	/** Newest first, for showing. */
	notes(): ReleaseNote[] {
		return this.list().map(({ version, spec, diff, createdAt, createdBy }) => ({ version, image: spec.image, diffText: JSON.stringify(diff), createdAt, createdBy }));
	}

	remove(): void {
		this.#sql.exec('DELETE FROM releases');
	}
}
