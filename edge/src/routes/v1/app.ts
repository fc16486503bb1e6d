/** The paths of REST v1; every `PATCH /{id}` has a twin `POST /{id}/update`. */
import { getResource, listResources, removeResource } from '../account/resources.ts';
import { createApp } from '../create-app.ts';
import { deleteServerless } from '../serverless/delete.ts';
import { endpointsV1Operations, registriesV1Operations, templatesV1Operations, volumesV1Operations } from './describe.ts';
import { createEndpoint, getEndpointV1, listEndpointsV1, updateEndpoint } from './endpoints.ts';
import { createRegistryAuth, createTemplate, createVolume, registriesV1, templatesV1, updateTemplate, updateVolume, volumesV1 } from './resources.ts';

/** `/v1/…`. */
export const v1App = createApp();

v1App.get('/v1/endpoints', endpointsV1Operations.list, (c) => listEndpointsV1(c.env, c.req.raw));
v1App.post('/v1/endpoints', endpointsV1Operations.create, (c) => createEndpoint(c.env, c.req.raw));
v1App.get('/v1/endpoints/:id', endpointsV1Operations.get, (c) => getEndpointV1(c.env, c.req.raw, c.req.param('id')));
v1App.patch('/v1/endpoints/:id', endpointsV1Operations.update, (c) => updateEndpoint(c.env, c.req.raw, c.req.param('id')));
v1App.post('/v1/endpoints/:id/update', endpointsV1Operations.updateByPost, (c) => updateEndpoint(c.env, c.req.raw, c.req.param('id')));
v1App.delete('/v1/endpoints/:id', endpointsV1Operations.remove, (c) => deleteServerless(c.env, c.req.raw, c.req.param('id')));

v1App.get('/v1/templates', templatesV1Operations.list, (c) => listResources(c.env, c.req.raw, templatesV1));
v1App.post('/v1/templates', templatesV1Operations.create, (c) => createTemplate(c.env, c.req.raw));
v1App.get('/v1/templates/:id', templatesV1Operations.get, (c) => getResource(c.env, c.req.raw, templatesV1, c.req.param('id')));
v1App.patch('/v1/templates/:id', templatesV1Operations.update, (c) => updateTemplate(c.env, c.req.raw, c.req.param('id')));
v1App.post('/v1/templates/:id/update', templatesV1Operations.updateByPost, (c) => updateTemplate(c.env, c.req.raw, c.req.param('id')));
v1App.delete('/v1/templates/:id', templatesV1Operations.remove, (c) => removeResource(c.env, c.req.raw, templatesV1, c.req.param('id')));

v1App.get('/v1/networkvolumes', volumesV1Operations.list, (c) => listResources(c.env, c.req.raw, volumesV1));
v1App.post('/v1/networkvolumes', volumesV1Operations.create, (c) => createVolume(c.env, c.req.raw));
v1App.get('/v1/networkvolumes/:id', volumesV1Operations.get, (c) => getResource(c.env, c.req.raw, volumesV1, c.req.param('id')));
v1App.patch('/v1/networkvolumes/:id', volumesV1Operations.update, (c) => updateVolume(c.env, c.req.raw, c.req.param('id')));
v1App.post('/v1/networkvolumes/:id/update', volumesV1Operations.updateByPost, (c) => updateVolume(c.env, c.req.raw, c.req.param('id')));
v1App.delete('/v1/networkvolumes/:id', volumesV1Operations.remove, (c) => removeResource(c.env, c.req.raw, volumesV1, c.req.param('id')));

v1App.get('/v1/containerregistryauth', registriesV1Operations.list, (c) => listResources(c.env, c.req.raw, registriesV1));
v1App.post('/v1/containerregistryauth', registriesV1Operations.create, (c) => createRegistryAuth(c.env, c.req.raw));
v1App.get('/v1/containerregistryauth/:id', registriesV1Operations.get, (c) => getResource(c.env, c.req.raw, registriesV1, c.req.param('id')));
v1App.delete('/v1/containerregistryauth/:id', registriesV1Operations.remove, (c) => removeResource(c.env, c.req.raw, registriesV1, c.req.param('id')));
