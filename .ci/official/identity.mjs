// @azure/identity and MSAL for Node against the sandbox's identity server.
//
// Called by .ci/clients with the description that the world printed and the folder of the repository as its arguments, and
// NODE_EXTRA_CA_CERTS set. Each flow ends with a token whose signature and claims are checked against the published keys.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import * as identity from '@azure/identity';
import * as msal from '@azure/msal-node';
import { judge, world } from './judge.mjs';

const GRAPH = 'https://graph.microsoft.com';
const DEFAULT = `${GRAPH}/.default`;
const AUTHORITY = `${world.authorityHost}/${world.tenantId}`;
const BACK = 'http://localhost:4711';
const WEB = 'https://app.contoso.example/signed-in';
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const { keys } = await (await fetch(`${AUTHORITY}/discovery/v2.0/keys`)).json();

/** The token is for Graph, of this app, signed, and for the user if there is one. */
function checked(token, { app = world.clientId, user = false } = {}) {
  const [header, payload, signature] = token.split('.');
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  const key = crypto.createPublicKey({ key: keys.find(({ kid }) => kid === read(header).kid), format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  assert(crypto.verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url')), 'the signature is good');
  const claims = read(payload);
  assert.equal(claims.aud.replace(/\/$/, ''), GRAPH);
  assert.equal(claims.appid, app);
  assert.equal(claims.tid, world.tenantId);
  if (user) {
    assert.equal(claims.oid, world.userId);
    assert(claims.scp.split(' ').includes('User.Read'), claims.scp);
  } else {
    assert(claims.roles.includes('User.Read.All'), claims.roles);
  }
}

const form = (fields) => ({ method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

/** Fills in the sign-in page; the parameters with which the browser is sent back. */
async function signIn(address) {
  const answer = await fetch(address, form({ username: world.username }));
  assert.equal(answer.status, 302);
  return Object.fromEntries(new URL(answer.headers.get('location')).searchParams);
}

/** Types the code of a device. */
async function typeCode(uri, code) {
  assert.equal((await fetch(uri, form({ otc: code, username: world.username }))).status, 200);
}

// An authority that is not Microsoft's is named as known; its endpoints are read from its own discovery document.
const auth = (clientId, rest = {}) => ({
  auth: { clientId, authority: AUTHORITY, knownAuthorities: [new URL(AUTHORITY).host], ...rest },
});
const publicClient = () => new msal.PublicClientApplication(auth(world.publicClientId));
const confidential = (rest) => new msal.ConfidentialClientApplication(auth(world.clientId, rest));

/** A token of the public client by a code with a proof key. */
async function byCode(scopes) {
  const client = publicClient();
  const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
  const address = await client.getAuthCodeUrl({
    scopes, redirectUri: BACK, codeChallenge: challenge, codeChallengeMethod: 'S256', responseMode: 'query',
  });
  const { code } = await signIn(address);
  const result = await client.acquireTokenByCode({ code, scopes, redirectUri: BACK, codeVerifier: verifier });
  return { client, result };
}

const usersToken = async () => (await byCode([`${world.appIdUri}/access_as_user`])).result.accessToken;

const common = { authorityHost: world.authorityHost, disableInstanceDiscovery: true };
const get = async (credential, scope = DEFAULT) => (await credential.getToken(scope)).token;
const { tenantId, clientId, publicClientId } = world;

const ofMsal = {
  'client secret': async () => {
    const client = confidential({ clientSecret: world.clientSecret });
    checked((await client.acquireTokenByClientCredential({ scopes: [DEFAULT] })).accessToken);
  },
  'certificate': async () => {
    const pem = fs.readFileSync(world.certificate, 'utf8');
    const certificate = new crypto.X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')));
    const thumbprintSha256 = certificate.fingerprint256.replaceAll(':', '');
    const client = confidential({ clientCertificate: { thumbprintSha256, privateKey: pem } });
    checked((await client.acquireTokenByClientCredential({ scopes: [DEFAULT] })).accessToken);
  },
  'device code': async () => {
    const deviceCodeCallback = ({ verificationUri, userCode }) => { void typeCode(verificationUri, userCode); };
    const result = await publicClient().acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback });
    checked(result.accessToken, { app: publicClientId, user: true });
  },
  'authorization code, PKCE, refresh': async () => {
    const { client, result } = await byCode(['User.Read']);
    checked(result.accessToken, { app: publicClientId, user: true });
    assert.equal(result.account.username, world.username);
    const silent = { account: result.account, scopes: ['User.Read'], forceRefresh: true };
    const again = await client.acquireTokenSilent(silent);
    assert.notEqual(again.accessToken, result.accessToken, 'it was refreshed');
    checked(again.accessToken, { app: publicClientId, user: true });
  },
  'on-behalf-of': async () => {
    const client = confidential({ clientSecret: world.clientSecret });
    const request = { oboAssertion: await usersToken(), scopes: [DEFAULT] };
    checked((await client.acquireTokenOnBehalfOf(request)).accessToken, { user: true });
  },
  'managed identity': async () => {
    const client = new msal.ManagedIdentityApplication();
    const { accessToken } = await client.acquireToken({ resource: GRAPH });
    checked(accessToken, { app: world.managedIdentity.clientId });
  },
};

const ofIdentity = {
  'client secret': async () => {
    checked(await get(new identity.ClientSecretCredential(tenantId, clientId, world.clientSecret, common)));
  },
  'certificate': async () => {
    const path = { certificatePath: world.certificate };
    checked(await get(new identity.ClientCertificateCredential(tenantId, clientId, path, common)));
    const chain = { ...common, sendCertificateChain: true };
    checked(await get(new identity.ClientCertificateCredential(tenantId, clientId, path, chain)));
  },
  'workload identity': async () => {
    const options = { ...common, tenantId, clientId, tokenFilePath: world.federatedTokenFile };
    checked(await get(new identity.WorkloadIdentityCredential(options)));
  },
  'device code': async () => {
    const userPromptCallback = ({ verificationUri, userCode }) => { void typeCode(verificationUri, userCode); };
    const options = { ...common, tenantId, clientId: publicClientId, userPromptCallback };
    const token = await get(new identity.DeviceCodeCredential(options), 'User.Read');
    checked(token, { app: publicClientId, user: true });
  },
  'authorization code': async () => {
    const query = new URLSearchParams({
      client_id: clientId, response_type: 'code', redirect_uri: WEB, scope: 'offline_access User.Read',
    });
    const { code } = await signIn(`${AUTHORITY}/oauth2/v2.0/authorize?${query}`);
    const { clientSecret } = world;
    const credential = new identity.AuthorizationCodeCredential(tenantId, clientId, clientSecret, code, WEB, common);
    checked(await get(credential, 'User.Read'), { user: true });
  },
  'on-behalf-of': async () => {
    const { clientSecret } = world;
    const options = { ...common, tenantId, clientId, clientSecret, userAssertionToken: await usersToken() };
    checked(await get(new identity.OnBehalfOfCredential(options)), { user: true });
  },
  'managed identity': async () => {
    checked(await get(new identity.ManagedIdentityCredential()), { app: world.managedIdentity.clientId });
  },
  'Azure CLI and azd': async () => {
    checked(await get(new identity.AzureCliCredential()), { app: AZURE_CLI, user: true });
    checked(await get(new identity.AzureDeveloperCliCredential()), { app: AZURE_CLI, user: true });
  },
};

const missed = (await judge('MSAL Node', ofMsal)) + (await judge('@azure/identity', ofIdentity));
process.exit(missed === 0 ? 0 : 1);
