// @microsoft/microsoft-graph-client against the sandbox's Microsoft Graph. The checks are those of graph.py.
//
// Called by .ci/clients with the description that the world printed and the folder of the repository as its arguments, and
// NODE_EXTRA_CA_CERTS set. What is true of the tenant comes from that description.

import { judge } from './judge.mjs';
import { links } from './graph_links.mjs';
import { objects } from './graph_objects.mjs';
import { subscriptions } from './graph_subscriptions.mjs';

const missed = await judge('microsoft-graph-client', { ...objects, ...links, ...subscriptions });
process.exit(missed === 0 ? 0 : 1);
