// Checks of @microsoft/microsoft-graph-client: subscriptions, with an endpoint of their own that Graph validates and
// notifies.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { app, control, ids, refused, tenant } from './graph_client.mjs';
import { world } from './judge.mjs';

const STATE = 'a client state that is long enough';
// Graph notifies within seconds here; a machine may be slow.
const PATIENCE = 60_000;
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

/** A notification endpoint, which emits what it is told. */
async function endpoint(answers = true) {
  const server = http.createServer(async (request, response) => {
    const token = new URL(request.url, 'http://localhost').searchParams.get('validationToken');
    const parts = await request.toArray();
    response.writeHead(token ? 200 : 202, { 'content-type': 'text/plain' });
    response.end(token && answers ? token : '');
    if (!token) server.emit('told', JSON.parse(Buffer.concat(parts)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}/notifications` };
}

const wanted = (url, days = 1) => ({
  changeType: 'updated,deleted',
  notificationUrl: url,
  lifecycleNotificationUrl: url,
  resource: 'users',
  expirationDateTime: inDays(days),
  clientState: STATE,
});
const subscribe = (body) => app.api('/subscriptions').post(body);

export const subscriptions = {
  'subscription: handshake, notification, renewal, end': async () => {
    const { server, url } = await endpoint();
    const made = await subscribe(wanted(url));
    const one = app.api(`/subscriptions/${made.id}`);
    try {
      assert(made.resource === 'users' && made.applicationId);
      assert(ids((await app.api('/subscriptions').get()).value).includes(made.id));
      assert.equal((await one.get()).id, made.id);
      const told = once(server, 'told', { signal: AbortSignal.timeout(PATIENCE) });
      await control('PATCH', `/users/${tenant.users[6]}`, { city: 'Ulm' });
      const [{ value: [{ resourceData, ...notification }] }] = await told;
      assert.deepEqual([notification.subscriptionId, notification.clientState], [made.id, STATE]);
      assert.deepEqual([notification.changeType, notification.tenantId], ['updated', world.tenantId]);
      assert.equal(notification.resource.toLowerCase(), `users/${tenant.users[6]}`);
      assert.equal(resourceData.id, tenant.users[6]);
      const later = inDays(2);
      const longer = await one.patch({ expirationDateTime: later });
      assert.equal(Date.parse(longer.expirationDateTime), Date.parse(later));
    } finally {
      await one.delete();
    }
    await refused(404, 'ResourceNotFound', () => one.get());
  },
  'subscription: endpoint that does not validate': async () => {
    const { url } = await endpoint(false);
    await refused(400, 'ValidationError', () => subscribe(wanted(url)));
  },
  'subscription: too long': async () => {
    const { url } = await endpoint();
    await refused(400, 'ExtensionError', () => subscribe(wanted(url, 60)));
  },
  'subscription: client state in the answer': async () => {
    const { url } = await endpoint();
    const made = await subscribe(wanted(url));
    await app.api(`/subscriptions/${made.id}`).delete();
    assert.equal(made.clientState, STATE);
  },
};
