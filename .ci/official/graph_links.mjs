// Checks of @microsoft/microsoft-graph-client: who is linked to whom, and deleted items.

import assert from 'node:assert/strict';
import { all, app, ids, person, refused, same, tenant } from './graph_client.mjs';
import { world } from './judge.mjs';

// The delta query tells links to removed objects; everything else hides them.
const living = (links) => links.filter((link) => !link.includes(tenant.removed));
const [managers, members, owners] = [tenant.managers, tenant.members, tenant.owners].map(living);
const targets = (links, source) => links.filter(([one]) => one === source).map(([, target]) => target);
const sources = (links, target) => links.filter(([, one]) => one === target).map(([source]) => source);

/** What is reached by steps from an object. */
function reached(step, from, seen = new Set()) {
  for (const one of step(from).filter((other) => !seen.has(other))) {
    seen.add(one);
    reached(step, one, seen);
  }
  return seen;
}
const above = (one) => reached((other) => sources(members, other), one);
const below = (one) => reached((other) => targets(members, other), one);

const [user, manager] = managers[0];
const [nested, inner] = members.find(([, , kind]) => kind === 'group');
const [, member] = members.find(([, , kind]) => kind === 'user');
const found = async (path, change = (request) => request) => (await all(change(app.api(path)))).found;
const onlyIds = (request) => request.select('id');

export const links = {
  manager: async () => {
    const one = await app.api(`/users/${user}/manager`).get();
    assert.deepEqual([one.id, one['@odata.type']], [manager, '#microsoft.graph.user']);
    await refused(404, 'Request_ResourceNotFound', () => app.api(`/users/${tenant.users[0]}/manager`).get());
  },
  'manager, with properties': async () => {
    const { displayName } = await app.api(`/users/${manager}`).get();
    const one = await app.api(`/users/${user}/manager`).select('id,displayName').get();
    assert.equal(one.displayName, displayName);
  },
  '$expand=manager': async () => {
    const one = await app.api(`/users/${user}`).expand('manager($select=id,displayName)').get();
    assert(one.manager.id === manager && one.manager.displayName);
    const users = await found('/users', (request) => request.select('id').expand('manager($select=id)'));
    const pairs = users.filter((each) => each.manager).map((each) => `${each.id} ${each.manager.id}`);
    same(pairs, managers.map(([each, of]) => `${each} ${of}`));
  },
  directReports: async () => same(ids(await found(`/users/${manager}/directReports`)), sources(managers, manager)),
  members: async () => {
    for (const group of tenant.groups) {
      const request = (one) => one.select('id').top(5);
      same(ids(await found(`/groups/${group}/members`, request)), targets(members, group));
    }
  },
  'members, with properties': async () => {
    const users = (await found(`/groups/${nested}/members`)).filter((one) => one['@odata.type'].endsWith('.user'));
    assert(users.length > 0 && users.every((one) => one.userPrincipalName));
  },
  'members, $count': async () => {
    const request = app.api(`/groups/${nested}/members`).header('ConsistencyLevel', 'eventual').count().select('id');
    assert.equal((await request.get())['@odata.count'], targets(members, nested).length);
  },
  'members, of one type': async () => {
    const users = members.filter(([group, , kind]) => group === nested && kind === 'user').map(([, one]) => one);
    same(ids(await found(`/groups/${nested}/members/microsoft.graph.user`, onlyIds)), users);
  },
  owners: async () => {
    for (const group of tenant.groups) {
      same(ids(await found(`/groups/${group}/owners`, onlyIds)), targets(owners, group));
    }
  },
  transitiveMembers: async () =>
    same(ids(await found(`/groups/${nested}/transitiveMembers`, onlyIds)), below(nested)),
  memberOf: async () => {
    const groups = await found(`/users/${member}/memberOf`);
    same(ids(groups), sources(members, member));
    assert(groups.every((one) => one['@odata.type'] === '#microsoft.graph.group' && one.displayName));
    same(ids(await found(`/groups/${inner}/memberOf`)), sources(members, inner));
  },
  transitiveMemberOf: async () => {
    const deep = tenant.users.find((one) => above(one).size > sources(members, one).length);
    same(ids(await found(`/users/${deep}/transitiveMemberOf`)), above(deep));
  },
  '/me/memberOf': async () => {
    const mine = (await all(person.api('/me/memberOf').select('id,displayName'), person)).found;
    same(ids(mine), sources(members, world.userId));
  },
  deletedItems: async () => {
    const items = await found('/directory/deletedItems/microsoft.graph.user');
    assert(ids(items).includes(tenant.removed) && items.every((one) => one.deletedDateTime));
    const one = await app.api(`/directory/deletedItems/${tenant.removed}`).get();
    assert.deepEqual([one.id, one['@odata.type']], [tenant.removed, '#microsoft.graph.user']);
    const gone = (path) => refused(404, 'Request_ResourceNotFound', () => app.api(path).get());
    await gone(`/users/${tenant.removed}`);
    await gone(`/directory/deletedItems/${user}`);
  },
};
