/** Where sealed texts belong: each opens only in its place. */

export function secretPlace(accountId: string, name: string): string {
	return `${accountId}/secret/${name}`;
}

export function registryPlace(accountId: string, registryId: string): string {
	return `${accountId}/registry/${registryId}`;
}

export function webhookSecretPlace(endpointId: string): string {
	return `${endpointId}/webhook`;
}
