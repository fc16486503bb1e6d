/** The paths of what belongs to an account besides its endpoints; one handler file a noun. */
import { createApp } from '../create-app.ts';
import { createKeyOperation, deleteKeyOperation, getKeyOperation, listKeysOperation, updateKeyOperation } from './describe.ts';
import { registryOperations, secretOperations, templateOperations, volumeOperations } from './describe-resources.ts';
import { createKey, deleteKey, getKey, listKeys, updateKey } from './keys.ts';
import { createRegistryV2, registriesV2 } from './registries.ts';
import { getResource, listResources, removeResource } from './resources.ts';
import { createSecret, listSecrets, secretsV2, updateSecret } from './secrets.ts';
import { createTemplate, templatesV2, updateTemplate } from './templates.ts';
import { createVolume, updateVolume, volumesV2 } from './volumes.ts';

/** `/v2/keys…`, `/v2/templates…`, `/v2/network-volumes…`, `/v2/registries…`, `/v2/secrets…` and `/v2/account/secrets…`. */
export const accountApp = createApp();

accountApp.get('/v2/keys', listKeysOperation, (c) => listKeys(c.env, c.req.raw));
accountApp.post('/v2/keys', createKeyOperation, (c) => createKey(c.env, c.req.raw));
accountApp.get('/v2/keys/:id', getKeyOperation, (c) => getKey(c.env, c.req.raw, c.req.param('id')));
accountApp.patch('/v2/keys/:id', updateKeyOperation, (c) => updateKey(c.env, c.req.raw, c.req.param('id')));
accountApp.delete('/v2/keys/:id', deleteKeyOperation, (c) => deleteKey(c.env, c.req.raw, c.req.param('id')));

accountApp.get('/v2/templates', templateOperations.list, (c) => listResources(c.env, c.req.raw, templatesV2));
accountApp.post('/v2/templates', templateOperations.create, (c) => createTemplate(c.env, c.req.raw));
accountApp.get('/v2/templates/:id', templateOperations.get, (c) => getResource(c.env, c.req.raw, templatesV2, c.req.param('id')));
accountApp.patch('/v2/templates/:id', templateOperations.update, (c) => updateTemplate(c.env, c.req.raw, c.req.param('id')));
accountApp.delete('/v2/templates/:id', templateOperations.remove, (c) => removeResource(c.env, c.req.raw, templatesV2, c.req.param('id')));

accountApp.get('/v2/network-volumes', volumeOperations.list, (c) => listResources(c.env, c.req.raw, volumesV2));
accountApp.post('/v2/network-volumes', volumeOperations.create, (c) => createVolume(c.env, c.req.raw));
accountApp.get('/v2/network-volumes/:id', volumeOperations.get, (c) => getResource(c.env, c.req.raw, volumesV2, c.req.param('id')));
accountApp.patch('/v2/network-volumes/:id', volumeOperations.update, (c) => updateVolume(c.env, c.req.raw, c.req.param('id')));
accountApp.delete('/v2/network-volumes/:id', volumeOperations.remove, (c) => removeResource(c.env, c.req.raw, { kind: 'volume' }, c.req.param('id')));

accountApp.get('/v2/registries', registryOperations.list, (c) => listResources(c.env, c.req.raw, registriesV2));
accountApp.post('/v2/registries', registryOperations.create, (c) => createRegistryV2(c.env, c.req.raw));
accountApp.get('/v2/registries/:id', registryOperations.get, (c) => getResource(c.env, c.req.raw, registriesV2, c.req.param('id')));
accountApp.delete('/v2/registries/:id', registryOperations.remove, (c) => removeResource(c.env, c.req.raw, registriesV2, c.req.param('id')));

for (const [at, path] of (['/v2/secrets', '/v2/account/secrets'] as const).entries()) {
	const operations = secretOperations[at];
	if (operations === undefined) throw new Error(`${path} says nothing of itself`);
	accountApp.get(path, operations.list, (c) => listSecrets(c.env, c.req.raw));
	accountApp.post(path, operations.create, (c) => createSecret(c.env, c.req.raw));
	accountApp.get(`${path}/:id`, operations.get, (c) => getResource(c.env, c.req.raw, secretsV2, c.req.param('id')));
	accountApp.patch(`${path}/:id`, operations.update, (c) => updateSecret(c.env, c.req.raw, c.req.param('id')));
	accountApp.delete(`${path}/:id`, operations.remove, (c) => removeResource(c.env, c.req.raw, secretsV2, c.req.param('id')));
}
