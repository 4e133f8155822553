// Checks of @microsoft/microsoft-graph-client: lists, query options, delta queries, single objects, batches, errors.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  all, app, BatchRequestContent, BatchResponseContent, control, given, ids, person, refused, same, secret, tenant,
} from './graph_client.mjs';
import { root, world } from './judge.mjs';

const { users, groups } = tenant;
const some = users[3];
const eventual = (path) => app.api(path).header('ConsistencyLevel', 'eventual');
const PROPERTIES = 'id,displayName,userPrincipalName,department,accountEnabled,createdDateTime';
const everybody = async () => (await all(app.api('/users').select(PROPERTIES))).found;

async function filtered(text, holds, request = app.api('/users')) {
  const expected = ids((await everybody()).filter(holds));
  assert(expected.length > 0, 'the filter would prove nothing');
  same(ids((await all(request.filter(text))).found), expected);
}

async function round(request) {
  const { found, delta } = await all(request);
  assert(delta, 'a round ends with a delta link');
  return { found, delta };
}

export const objects = {
  'users, page by page': async () => {
    assert((await app.api('/users').get())['@odata.nextLink']);
    same(ids((await all(app.api('/users'))).found), users);
  },
  'groups, page by page': async () => same(ids((await all(app.api('/groups').top(4))).found), groups),
  $select: async () => {
    const user = await app.api(`/users/${some}`).select('id,displayName').get();
    same(Object.keys(user), ['@odata.context', 'id', 'displayName']);
    const { value } = await app.api('/users').select('id,accountEnabled').get();
    value.forEach((one) => same(Object.keys(one), ['id', 'accountEnabled']));
  },
  'properties without $select': async () => {
    const user = await app.api(`/users/${some}`).get();
    assert(user.userPrincipalName && !('accountEnabled' in user), Object.keys(user));
  },
  'by id, in either case': async () => {
    for (const id of [some, some.toUpperCase()]) assert.equal((await app.api(`/users/${id}`).get()).id, some);
    assert.equal((await app.api(`/groups/${groups[0].toUpperCase()}`).get()).id, groups[0]);
  },
  'by userPrincipalName, in either case': async () => {
    const { userPrincipalName: name } = await app.api(`/users/${some}`).get();
    for (const one of [name, name.toUpperCase(), name.toLowerCase()]) {
      assert.equal((await app.api(`/users/${encodeURIComponent(one)}`).get()).id, some);
    }
  },
  $top: async () => {
    const page = await app.api('/users').top(7).get();
    assert(page.value.length === 7 && page['@odata.nextLink']);
    await refused(400, 'Request_BadRequest', () => app.api('/users').top(1000).get());
  },
  $count: async () => assert.equal((await eventual('/users').count().top(5).get())['@odata.count'], users.length),
  '/$count': async () => assert.equal(Number(await eventual('/users/$count').get()), users.length),
  '/$count without ConsistencyLevel': () =>
    refused(400, 'Request_BadRequest', () => app.api('/users/$count').get()),
  '$filter: eq, in, and, startsWith': async () => {
    const [{ department, displayName }] = (await everybody()).filter((user) => user.department);
    await filtered('accountEnabled eq true', (user) => user.accountEnabled);
    await filtered(`department eq '${department}'`, (user) => user.department === department);
    await filtered(
      `accountEnabled eq true and department in ('${department}', 'None')`,
      (user) => user.accountEnabled && user.department === department,
    );
    const first = displayName[0].toLowerCase();
    await filtered(`startsWith(displayName,'${first}')`, (user) => user.displayName.toLowerCase().startsWith(first));
  },
  '$filter: createdDateTime': async () => {
    const times = (await everybody()).map((user) => user.createdDateTime).sort();
    const [low, high] = [times[10], times.at(-10)];
    await filtered(
      `createdDateTime ge ${low} and createdDateTime le ${high}`,
      ({ createdDateTime: time }) => low <= time && time <= high,
    );
  },
  '$filter and $expand: the rows of the catalogue': async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const listed = Object.entries(tenant.listed).filter(([, expected]) => expected.length > 0);
    for (const [name, expected] of listed) {
      const row = JSON.parse(fs.readFileSync(path.join(root, 'catalogue', `${name}.json`), 'utf8'));
      const lower = (row.window?.operators ?? 'ge/le').split('/')[0];
      const filter = row.window ? `${row.window.property} ${lower} ${anHourAgo}` : row.filter;
      assert(filter ?? row.expand, name);
      const request = app.api(row.path);
      if (filter) request.filter(filter);
      if (row.expand) request.expand(row.expand);
      same(ids((await all(request)).found), expected);
    }
  },
  '$filter: endsWith': async () => {
    await filtered("endsWith(userPrincipalName,'contoso.example')", () => true, eventual('/users').count());
    const wrong = () => app.api('/users').filter("endsWith(mail,'contoso.example')").get();
    await refused(400, 'Request_UnsupportedQuery', wrong);
  },
  '$filter: not': () =>
    filtered('not(accountEnabled eq true)', (user) => !user.accountEnabled, eventual('/users').count()),
  $orderby: async () => {
    const names = (await all(app.api('/users').orderby('displayName'))).found.map((user) => user.displayName);
    assert.deepEqual(names, [...names].sort((one, other) => one.localeCompare(other)));
  },
  $search: async () => {
    const { displayName } = await app.api(`/users/${some}`).get();
    assert(ids((await all(eventual('/users').search(`"displayName:${displayName}"`))).found).includes(some));
  },
  'error: unknown property': async () => {
    const error = await refused(400, 'BadRequest', () => app.api('/users').select('id,shoeSize').get());
    assert(error.message.includes('shoeSize'));
  },
  'error: not found': async () => {
    const nobody = '00000000-0000-4000-8000-000000000000';
    const error = await refused(404, 'Request_ResourceNotFound', () => app.api(`/users/${nobody}`).get());
    assert(error.message.includes(nobody) && error.requestId);
    await refused(404, 'Request_ResourceNotFound', () => app.api(`/groups/${nobody}`).get());
  },
  'error: wrong token': async () => {
    const cosmos = (await secret.getToken('https://cosmos.azure.com/.default')).token;
    for (const token of ['not a token', cosmos]) {
      await refused(401, 'InvalidAuthenticationToken', () => given(token).api('/users').get());
    }
  },
  'error: missing permission': () =>
    refused(403, 'Authorization_RequestDenied', () => app.api('/domains').get()),
  'error: unknown path': async () => {
    const error = await refused(400, 'BadRequest', () => app.api('/shoes').get());
    assert(error.message.includes('shoes'));
  },
  'error: a write without the permission': () =>
    refused(403, 'Authorization_RequestDenied', () => app.api(`/users/${some}`).patch({ jobTitle: 'Pilot' })),
  'delta: users, and nothing new': async () => {
    const { found, delta } = await round(app.api('/users/delta').select('displayName,jobTitle'));
    same(ids(found), users);
    assert.deepEqual((await round(app.api(delta))).found, []);
  },
  'delta: a change, a new user, a removal': async () => {
    const first = await round(app.api('/users/delta').select('displayName,jobTitle'));
    const { id } = await control('POST', '/users', { displayName: 'Ada' });
    await control('PATCH', `/users/${some}`, { jobTitle: 'Captain' });
    const second = await round(app.api(first.delta));
    same(ids(second.found), [id, some]);
    assert.equal(second.found.find((one) => one.id === some).jobTitle, 'Captain');
    await control('DELETE', `/users/${id}`);
    const { found } = await round(app.api(second.delta));
    assert.deepEqual(found, [{ id, '@removed': { reason: 'changed' } }]);
  },
  'delta: $deltatoken=latest': async () => {
    const { found, delta } = await round(app.api('/users/delta?$deltatoken=latest'));
    assert.deepEqual([found, (await round(app.api(delta))).found], [[], []]);
  },
  'delta: $filter by id': async () => {
    const filter = `id eq '${users[0]}' or id eq '${users[1]}'`;
    same(ids((await round(app.api('/users/delta').filter(filter))).found), users.slice(0, 2));
  },
  'delta: groups and members': async () => {
    const { found } = await round(app.api('/groups/delta').select('displayName,members'));
    same(new Set(ids(found)), groups);
    const members = found.flatMap((group) => (group['members@delta'] ?? []).map(({ id }) => `${group.id} ${id}`));
    same(members, tenant.members.map(([group, member]) => `${group} ${member}`));
  },
  'delta: wrong token': () => refused(400, 'BadRequest', () => app.api('/users/delta?$deltatoken=wrong').get()),
  $batch: async () => {
    const wanted = [...users.slice(0, 19), 'missing'];
    // The client takes the host off, and paths of a batch are below the version.
    const request = (one) => new Request(`${world.graph}/users/${one}?$select=id`);
    const steps = wanted.map((one, index) => ({ id: String(index), request: request(one) }));
    const content = await new BatchRequestContent(steps).getContent();
    const answer = new BatchResponseContent(await app.api('/$batch').post(content));
    for (const [index, one] of wanted.entries()) {
      const response = answer.getResponseById(String(index));
      assert.equal(response.status, one === 'missing' ? 404 : 200);
      assert(one === 'missing' || (await response.json()).id === one);
    }
  },
  '$batch: a part that depends on a failed one': async () => {
    const part = (id, dependsOn, one) => ({ id, dependsOn, method: 'GET', url: `/users/${one}` });
    const body = { requests: [part('1', [], 'missing'), part('2', ['1'], some)] };
    const { responses } = await app.api('/$batch').post(body);
    same(responses.map(({ id, status }) => `${id} ${status}`), ['1 404', '2 424']);
  },
  getByIds: async () => {
    const wanted = [users[0], groups[0], '00000000-0000-4000-8000-000000000000'];
    const body = { ids: wanted, types: ['user', 'group'] };
    const { value } = await app.api('/directoryObjects/getByIds').post(body);
    same(ids(value), wanted.slice(0, 2));
    same(value.map((one) => one['@odata.type']), ['#microsoft.graph.user', '#microsoft.graph.group']);
  },
  '/organization': async () => {
    const { value } = await app.api('/organization').get();
    assert.deepEqual(ids(value), [world.tenantId]);
    assert(value[0].verifiedDomains[0].name);
  },
  '/me': async () => {
    const me = await person.api('/me').select('id,userPrincipalName').get();
    assert.deepEqual([me.id, me.userPrincipalName], [world.userId, world.username]);
    await refused(400, 'BadRequest', () => app.api('/me').get());
  },
};
