/** Credentials for container registries (`/v2/registries`, and `/v1/containerregistryauth` with the same body): write-only. */
import * as z from 'zod';
import { CREDENTIAL_CHARS_MAX, NAME_CHARS_MAX } from '../../limits.ts';

/** Body that makes a credential. The answer shows its id and name only. */
export const createRegistry = z
	.strictObject({
		name: z.string().trim().min(1).max(NAME_CHARS_MAX),
		username: z.string().min(1).max(CREDENTIAL_CHARS_MAX),
		password: z.string().min(1).max(CREDENTIAL_CHARS_MAX),
	})
	.meta({ id: 'CreateRegistry' });

/** Answers of `/v2/registries`. */
const view = z.object({ id: z.string(), name: z.string() });
export const registryListV1 = z.array(view).meta({ id: 'RegistryListV1' });
export const registryV2 = view.meta({ id: 'Registry' });
export const registryListV2 = z.object({ registries: z.array(view) }).meta({ id: 'RegistryList' });
