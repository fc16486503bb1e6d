/** The operator's catalogue, where there is one, beside the one that comes with the edge. */
import { type Catalog, catalog } from '@longshore/shared-schema/catalog/catalog';
import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';

export class CatalogTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec('CREATE TABLE IF NOT EXISTS catalog (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL)');
	}

	/** The catalogue that holds now. */
	get(): Catalog {
		const [row] = this.#sql.exec<{ text: string }>('SELECT text FROM catalog');
		return row === undefined ? DEFAULT_CATALOG : catalog.parse(JSON.parse(row.text));
	}

	/** Replaces it; null: back to the one that comes with the edge. */
	set(value: Catalog | null): void {
		if (value === null) this.#sql.exec('DELETE FROM catalog');
		else this.#sql.exec('INSERT INTO catalog (one, text) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET text = excluded.text', JSON.stringify(value));
	}
}
