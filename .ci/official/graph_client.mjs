// The clients of @microsoft/microsoft-graph-client with which the checks of Microsoft Graph ask, and how they ask.

import assert from 'node:assert/strict';
import { AzureCliCredential, ClientSecretCredential } from '@azure/identity';
import graph from '@microsoft/microsoft-graph-client';
import tokens from '@microsoft/microsoft-graph-client/lib/src/authentication/azureTokenCredentials/index.js';
import { world } from './judge.mjs';

const SCOPES = ['https://graph.microsoft.com/.default'];
const OPTIONS = { authorityHost: world.authorityHost, disableInstanceDiscovery: true };

/** A client of the sandbox's Graph, which is not on one of Graph's own hosts. */
export const client = (authProvider) => graph.Client.initWithMiddleware({
  authProvider, baseUrl: `${world.graph}/`, customHosts: new Set(['localhost']),
});
const withCredential = (credential) => client(
  new tokens.TokenCredentialAuthenticationProvider(credential, { scopes: SCOPES }),
);
export const secret = new ClientSecretCredential(world.tenantId, world.clientId, world.clientSecret, OPTIONS);
export const app = withCredential(secret);
export const person = withCredential(new AzureCliCredential());
export const given = (token) => client({ getAccessToken: async () => token });
export const { BatchRequestContent, BatchResponseContent, PageIterator } = graph;

export const { tenant } = world;
export const ids = (objects) => objects.map(({ id }) => id);

/** They have the same members, in whatever order, and none twice. */
export const same = (found, expected) => assert.deepEqual([...found].sort(), [...expected].sort());

/** Everything on a page and on those to which its next links lead, with the delta link of the last one. */
export async function all(request, of = app) {
  const found = [];
  const headers = { headers: { ConsistencyLevel: 'eventual' } };
  const pages = new PageIterator(of, await request.get(), (one) => found.push(one) > 0, headers);
  await pages.iterate();
  return { found, delta: pages.getDeltaLink() };
}

/** The request is refused so; the error. */
export async function refused(status, code, ask) {
  const answered = await ask().then(() => null, (error) => error);
  assert(answered, 'it was answered');
  assert.deepEqual([answered.statusCode, answered.code], [status, code], answered.message);
  return answered;
}

export const control = async (method, path, body) => {
  const answer = await fetch(world.control + path, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
};
