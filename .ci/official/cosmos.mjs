// @azure/cosmos against the sandbox's Cosmos DB account and the copy that the product wrote there. The checks are those of
// cosmos.py.
//
// Called by .ci/clients with the description that the world printed and the folder of the repository as its arguments, and
// NODE_EXTRA_CA_CERTS set. What is written goes into a container of the check's own.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ClientSecretCredential } from '@azure/identity';
import { ChangeFeedStartFrom, CosmosClient } from '@azure/cosmos';
import { judge, root, world } from './judge.mjs';

const { tenant, cosmos: account } = world;
// Documents expire within seconds; a machine may be slow.
const PATIENCE = 60_000;
const LIVING = 'NOT IS_DEFINED(c._mirror.removed)';
// A link to a removed user stays, as Graph tells it, because it comes back with the user.
const members = tenant.members.filter(([, member]) => member !== tenant.removed);

const byKey = new CosmosClient({ endpoint: account.endpoint, key: account.key });
const database = byKey.database(account.database);
const users = database.container('users');
const ids = (documents) => documents.map(({ id }) => id);
const same = (found, expected) => assert.deepEqual([...found].sort(), [...expected].sort());
const everything = async (container, query, options) => (await container.items.query(query, options).fetchAll()).resources;

/** A client of the app, with tokens that it asks for this audience; by default the client's own choice. */
function entra(audience) {
  const options = { authorityHost: world.authorityHost, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(world.tenantId, world.clientId, world.clientSecret, options);
  const aadCredentials = audience
    ? { getToken: (_, more) => credential.getToken(`${audience}/.default`, more) }
    : credential;
  return new CosmosClient({ endpoint: account.endpoint, aadCredentials }).database(account.database);
}

/** A new container, by the key. */
async function own() {
  const id = `node-${crypto.randomUUID()}`;
  return (await database.containers.create({ id, partitionKey: '/part', defaultTtl: -1 })).container;
}

async function refused(status, ask, subStatus) {
  const error = await ask().then(() => null, (failure) => failure);
  assert(error, 'it was answered');
  assert.deepEqual([error.code, error.substatus || undefined], [status, subStatus], error.message);
}

const count = (of) => everything(of.container('users'), `SELECT VALUE COUNT(1) FROM c WHERE ${LIVING}`);

/** One page of the change feed of a container, or all that there is, and where it goes on. */
async function changes(container, changeFeedStartFrom) {
  const found = [];
  const feed = container.items.getChangeFeedIterator({ changeFeedStartFrom });
  for (;;) {
    const page = await feed.readNext();
    if (page.statusCode === 304) return { found: ids(found), token: page.continuationToken };
    found.push(...page.result);
  }
}

const checks = {
  key: async () => {
    assert(ids((await byKey.databases.readAll().fetchAll()).resources).includes(account.database));
    const found = ids((await database.containers.readAll().fetchAll()).resources);
    assert(['users', 'groups', 'groups-members'].every((name) => found.includes(name)));
    const wrong = new CosmosClient({ endpoint: account.endpoint, key: 'WlpaWg==' });
    await refused(401, () => wrong.databases.readAll().fetchAll());
  },
  'Entra: audience of the account': async () => assert.deepEqual(await count(entra()), [tenant.users.length]),
  'Entra: audience of the cloud': async () =>
    assert.deepEqual(await count(entra('https://cosmos.azure.com')), [tenant.users.length]),
  'Entra: creates no container': () =>
    refused(403, () => entra().containers.create({ id: 'other', partitionKey: '/id' }), 5300),
  'point read': async () => {
    const [id] = tenant.users;
    const { resource, requestCharge, headers } = await users.item(id, id).read();
    assert(requestCharge > 0 && headers['x-ms-session-token']);
    assert(resource.id === id && resource._mirror.resource === 'users' && resource._etag);
    assert.equal((await users.item('nobody', 'nobody').read()).statusCode, 404);
  },
  container: async () => {
    const { resource } = await users.read();
    assert.deepEqual([resource.partitionKey.paths, resource.defaultTtl], [['/id'], -1]);
    await refused(404, () => database.container('missing').read());
  },
  'the copy is complete': async () => {
    same(await everything(users, `SELECT VALUE c.id FROM c WHERE ${LIVING}`, { maxItemCount: 7 }), tenant.users);
    const found = await everything(database.container('groups-members'), `SELECT * FROM c WHERE ${LIVING}`);
    const pairs = found.filter(({ targetId }) => targetId !== tenant.removed);
    same(pairs.map((one) => `${one.sourceId} ${one.targetId}`), members.map(([one, other]) => `${one} ${other}`));
  },
  'queries of README': async () => {
    const text = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    const found = [...text.matchAll(/\(container\s+`([\w-]+)`[^)]*\)\s+```sql\n(.*?)```/gs)];
    assert.equal(found.length, 6);
    const [group, member] = members[0];
    for (const [, container, query] of found) {
      const documents = await everything(database.container(container), query.replace('<user id>', member));
      if (query.includes('removed.reason')) same(ids(documents), [tenant.removed]);
      if (query.includes('targetId')) assert(documents.some((one) => one.sourceId === group));
    }
  },
  'query: parameters': async () => {
    const query = 'SELECT VALUE c.id FROM c WHERE c.targetId = @user AND c._mirror.parent = @group';
    const [group, user] = members[0];
    const parameters = [{ name: '@user', value: user }, { name: '@group', value: group }];
    const links = database.container('groups-members');
    assert.equal((await everything(links, { query, parameters }, { partitionKey: group })).length, 1);
  },
  'query: one partition': async () => {
    const found = await everything(users, 'SELECT * FROM c', { partitionKey: tenant.users[0] });
    assert.deepEqual(ids(found), tenant.users.slice(0, 1));
  },
  'query: ORDER BY': async () => {
    const query = `SELECT VALUE c.id FROM c WHERE ${LIVING} ORDER BY c.id DESC`;
    assert.deepEqual(await everything(users, query), [...tenant.users].sort().reverse());
  },
  'query: ORDER BY two properties': () =>
    refused(400, () => everything(users, 'SELECT c.id FROM c ORDER BY c.displayName, c.city')),
  'query: GROUP BY': async () => {
    const query = `SELECT c.accountEnabled, COUNT(1) AS n FROM c WHERE ${LIVING} GROUP BY c.accountEnabled`;
    const found = await everything(users, query);
    assert.equal(found.reduce((sum, { n }) => sum + n, 0), tenant.users.length);
  },
  'query: DISTINCT, TOP, OFFSET LIMIT': async () => {
    same(await everything(users, `SELECT DISTINCT VALUE c.accountEnabled FROM c WHERE ${LIVING}`), [false, true]);
    assert.equal((await everything(users, 'SELECT TOP 3 c.id FROM c')).length, 3);
    assert.equal((await everything(users, 'SELECT c.id FROM c OFFSET 2 LIMIT 4')).length, 4);
  },
  'query: pages': async () => {
    const query = users.items.query('SELECT c.id FROM c', { maxItemCount: 10 });
    const pages = [];
    while (query.hasMoreResults()) pages.push((await query.fetchNext()).resources ?? []);
    assert(pages.length > 2 && pages.every((page) => page.length <= 10));
    assert.equal(new Set(ids(pages.flat())).size, tenant.users.length + 1);
  },
  'query: syntax error': () => refused(400, () => everything(users, 'SELECT FROM WHERE')),
  'change feed': async () => {
    const { found } = await changes(users, ChangeFeedStartFrom.Beginning());
    same(new Set(found), [...tenant.users, tenant.removed]);
  },
  'change feed: goes on': async () => {
    const container = await own();
    await container.items.create({ id: '1', part: 'a' });
    const { found, token } = await changes(container, ChangeFeedStartFrom.Beginning());
    assert.deepEqual(found, ['1']);
    await container.items.create({ id: '2', part: 'b' });
    assert.deepEqual((await changes(container, ChangeFeedStartFrom.Continuation(token))).found, ['2']);
  },
  'change feed: from a time': async () => {
    const container = await own();
    await container.items.create({ id: '1', part: 'a' });
    const from = async (hours) => {
      const start = ChangeFeedStartFrom.Time(new Date(Date.now() + hours * 3_600_000));
      return (await changes(container, start)).found;
    };
    assert.deepEqual([await from(-1), await from(1)], [['1'], []]);
  },
  TTL: async () => {
    const container = await own();
    await container.items.create({ id: '1', part: 'a', ttl: 1 });
    await container.items.create({ id: '2', part: 'a' });
    const stored = async () => ids((await container.items.readAll().fetchAll()).resources);
    const until = Date.now() + PATIENCE;
    while (Date.now() < until && (await stored()).length === 2) await wait(100);
    assert.deepEqual(await stored(), ['2']);
  },
  'create, upsert, replace, delete, If-Match': async () => {
    const container = await own();
    const { resource: made, item } = await container.items.create({ id: '1', part: 'a' });
    await refused(409, () => container.items.create({ id: '1', part: 'a' }));
    const { resource: newer } = await container.items.upsert({ id: '1', part: 'a', n: 1 });
    assert(newer._etag !== made._etag && newer._rid === made._rid);
    const accessCondition = { type: 'IfMatch', condition: made._etag };
    const replace = () => container.item('1', 'a').replace({ id: '1', part: 'a', n: 2 }, { accessCondition });
    await refused(412, replace);
    await container.item(item.id, 'a').delete();
    await refused(404, () => container.item('1', 'a').delete());
  },
  patch: async () => {
    const container = await own();
    await container.items.create({ id: '1', part: 'a', n: 1, list: [1] });
    const operations = [
      { op: 'set', path: '/name', value: 'Ada' },
      { op: 'incr', path: '/n', value: 2 },
      { op: 'add', path: '/list/-', value: 2 },
    ];
    const { resource } = await container.item('1', 'a').patch(operations);
    assert.deepEqual([resource.name, resource.n, resource.list], ['Ada', 3, [1, 2]]);
  },
  'patch: condition': async () => {
    const container = await own();
    await container.items.create({ id: '1', part: 'a', n: 1 });
    const operations = [{ op: 'incr', path: '/n', value: 2 }];
    const conditional = { operations, condition: 'FROM c WHERE c.n = 3' };
    await refused(412, () => container.item('1', 'a').patch(conditional));
  },
  'transactional batch': async () => {
    const container = await own();
    const create = (id) => ({ operationType: 'Create', resourceBody: { id, part: 'a' } });
    const { result } = await container.items.batch(['0', '1', '2'].map(create), 'a');
    assert.deepEqual(result.map(({ statusCode }) => statusCode), [201, 201, 201]);
    const upsert = { operationType: 'Upsert', resourceBody: { id: '9', part: 'a' } };
    const failed = await container.items.batch([upsert, create('0')], 'a');
    assert.deepEqual(failed.result.map(({ statusCode }) => statusCode), [424, 409]);
    assert.equal((await container.item('9', 'a').read()).statusCode, 404);
  },
  bulk: async () => {
    const container = await own();
    const body = (number) => ({ id: String(number), part: `part ${number % 7}` });
    const numbers = [...Array(150).keys()];
    const operations = numbers.map(body).map((resourceBody) => (
      { operationType: 'Create', partitionKey: resourceBody.part, resourceBody }
    ));
    const results = await container.items.executeBulkOperations(operations);
    assert(results.every(({ response }) => response?.statusCode === 201), JSON.stringify(results[0]));
    const deletes = numbers.map(body).map(({ id, part }) => ({ operationType: 'Delete', partitionKey: part, id }));
    await container.items.executeBulkOperations(deletes);
    assert.deepEqual((await container.items.readAll().fetchAll()).resources, []);
  },
  'limits of a document': async () => {
    const container = await own();
    await refused(413, () => container.items.create({ id: '1', part: 'a', text: 'x'.repeat(2 << 20) }));
  },
};

process.exit((await judge('@azure/cosmos', checks)) === 0 ? 0 : 1);
