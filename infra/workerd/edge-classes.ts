/** The Worker's Durable Object classes, their bindings and the date it is built for: one list for bare workerd; `edge/wrangler.jsonc` says the same to wrangler. */

/** `nodejs_compat` is part of the default since 2026-08-04. */
export const COMPATIBILITY_DATE = '2026-09-01';

/** `request.signal` tells that the client has left: nothing else does, a write to it just never ends. */
export const COMPATIBILITY_FLAGS: readonly string[] = ['enable_request_signal'];

/** Binding name → class. The class name is also the directory of its data, so renaming one is a migration. */
export const DURABLE_OBJECTS: Readonly<Record<string, string>> = {
	ACCOUNT_DIRECTORY: 'AccountDirectory',
	ACCOUNT_STORE: 'AccountStore',
	BATCH_STORE: 'BatchStore',
	ENDPOINT_STORE: 'EndpointStore',
	JOB_STORE: 'JobStore',
	KEY_RING: 'KeyRing',
	REGION_DIRECTORY: 'RegionDirectory',
};
