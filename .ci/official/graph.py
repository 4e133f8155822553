"""msgraph-sdk for Python against the sandbox's Microsoft Graph.

Called by .ci/clients with the description that the world printed as its one argument. What is true of the tenant comes from
that description, not from another answer of Graph.
"""

import sys

from judge import judge  # first: it says whom to trust

import graph_delta
import graph_links
import graph_objects
import graph_subscriptions

CHECKS = graph_objects.CHECKS | graph_delta.CHECKS | graph_links.CHECKS | graph_subscriptions.CHECKS
sys.exit(judge("msgraph-sdk", CHECKS) > 0)
