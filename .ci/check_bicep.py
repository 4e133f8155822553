"""Holds the bodies of all resources in infra/ against the types of Azure's resource providers.

There is no Bicep compiler in any package registry, but the types are: the package @pulumi/azure-native has the inputs of
every resource type, generated from Azure's own specifications (versions near those that we use, so what is newer than
the package is listed below). A property that no type knows, and a value that no enumeration has, are complaints. What is
computed, and maps with names of our own, are not looked into.

    check_bicep.py <folder of the unpacked package>
"""

import pathlib
import re
import sys

import tree_sitter
import tree_sitter_bicep

ROOT = pathlib.Path(__file__).parent.parent
# Where the package has the type of a resource.
TYPES = {
    "Microsoft.App/jobs": "app/job",
    "Microsoft.Authorization/locks": "authorization/managementLockByScope",
    "Microsoft.Authorization/roleAssignments": "authorization/roleAssignment",
    "Microsoft.DocumentDB/databaseAccounts": "cosmosdb/databaseAccount",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": "cosmosdb/sqlResourceSqlDatabase",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": "cosmosdb/sqlResourceSqlContainer",
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments": "cosmosdb/sqlResourceSqlRoleAssignment",
    "Microsoft.Insights/actionGroups": "monitor/actionGroup",
    "Microsoft.Insights/components": "applicationinsights/component",
    "Microsoft.Insights/scheduledQueryRules": "monitor/scheduledQueryRule",
    "Microsoft.Insights/workbooks": "applicationinsights/workbook",
    "Microsoft.KeyVault/vaults": "keyvault/vault",
    "Microsoft.KeyVault/vaults/secrets": "keyvault/secret",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "managedidentity/userAssignedIdentity",
    "Microsoft.Network/privateDnsZones": "privatedns/privateZone",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "privatedns/virtualNetworkLink",
    "Microsoft.Network/privateEndpoints": "network/privateEndpoint",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "network/privateDnsZoneGroup",
    "Microsoft.Network/virtualNetworks": "network/virtualNetwork",
    "Microsoft.OperationalInsights/workspaces": "operationalinsights/workspace",
    "Microsoft.Resources/resourceGroups": "resources/resourceGroup",
    "Microsoft.Storage/storageAccounts": "storage/storageAccount",
    "Microsoft.Storage/storageAccounts/blobServices": "storage/blobServiceProperties",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "storage/blobContainer",
    "Microsoft.Storage/storageAccounts/queueServices": "storage/queueServiceProperties",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "storage/queue",
    "Microsoft.Web/serverfarms": "web/appServicePlan",
    "Microsoft.Web/sites": "web/webApp",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "web/webAppFtpAllowed",
    "Microsoft.Web/sites/config": "web/webAppApplicationSettings",
}
# Not of a type, but of every resource in Bicep.
OF_BICEP = {"name", "parent", "scope", "dependsOn"}
# What the package calls otherwise than the specification does.
RENAMED = {"networkacls": "networkruleset", "supportshttpstrafficonly": "enablehttpstrafficonly"}
# Two services have an enumeration of this name, and the package has taken the other one's values.
MIXED_UP = {("monitor", "ConditionOperator")}
# Types of Microsoft Graph, which are not Azure's.
ELSEWHERE = ("Microsoft.Graph/",)


def plain(name):
    """The package writes names in its own way, and Azure does not look at case."""
    return name.strip("'\"").replace("_", "").lower()


class Types:
    """Interfaces and enumerations of the package, by what refers to them."""

    def __init__(self, package):
        self.package = pathlib.Path(package)
        self.inputs = {}
        space = None
        blocks = (self.package / "types/input.d.ts").read_text()
        for match in re.finditer(r"^export declare namespace (\S+) \{|^    interface (\w+) \{(.*?)^    \}", blocks, re.S | re.M):
            if match[1]:
                space = match[1]
            else:
                self.inputs[f"{space}.{match[2]}"] = self.properties(match[3])

    @staticmethod
    def properties(body):
        body = re.sub(r"/\*\*.*?\*/", "", body, flags=re.S)
        return {plain(name): kind for name, kind in re.findall(r"^\s+(\"?[\w@$.-]+\"?)\??: (.*?);$", body, re.S | re.M)}

    def resource(self, place):
        text = (self.package / f"{place}.d.ts").read_text()
        return self.properties(re.search(r"^export interface \w+Args \{(.*?)^\}", text, re.S | re.M)[1])

    def values(self, kind):
        """What the enumerations in a type allow; nothing where there is none."""
        found = set()
        for space, name in set(re.findall(r"enums\.(\w+)\.(\w+)", kind)) - MIXED_UP:
            text = (self.package / f"types/enums/{space}/index.d.ts").read_text()
            body = re.search(rf"const {name}: \{{(.*?)^\}}", text, re.S | re.M)[1]
            found |= set(re.findall(r": \"(.*?)\"", body))
        return found

    def inside(self, kind):
        """The properties of the objects that a type allows; none where any may be there."""
        found = {}
        for name in re.findall(r"inputs\.([\w.]+)", kind):
            found |= self.inputs[name]
        return found


class Check:
    def __init__(self, types, name, source):
        self.types, self.name, self.source = types, name, source
        self.complaints, self.seen = [], 0

    def text(self, node):
        return self.source[node.start_byte : node.end_byte].decode()

    def walk(self, node, around=""):
        if node.type == "resource_declaration":
            around = self.declared(node, around)
        for child in node.named_children:
            self.walk(child, around)

    def declared(self, node, around):
        kind = next(self.text(child) for child in node.named_children if child.type == "string").strip("'").split("@")[0]
        kind = f"{around}/{kind}" if around else kind
        if not kind.startswith(ELSEWHERE):
            if kind not in TYPES:
                self.complain(node, f"{kind} is not in the table of types")
                return kind
            for body in objects(node.named_children[-1]):
                self.object(body, self.types.resource(TYPES[kind]), OF_BICEP)
        return kind

    def object(self, body, known, others=frozenset()):
        for key, value in pairs(body):
            name = self.text(key)
            if name in others:
                continue
            if name == "properties" and name not in known:
                # The package has what is in there one floor higher.
                for inner in objects(value):
                    self.object(inner, known)
            else:
                self.property(key, value, known)

    def property(self, key, value, known):
        self.seen += 1
        name = plain(self.text(key))
        kind = known.get(name) or known.get(RENAMED.get(name))
        if kind is None:
            self.complain(key, f"there is no property {self.text(key)}")
            return
        allowed = self.types.values(kind)
        if value.type == "string" and allowed and "${" not in self.text(value):
            if self.text(value).strip("'") not in allowed:
                self.complain(value, f"{self.text(value)} is none of {sorted(allowed)}")
        inside = self.types.inside(kind)
        if inside:
            for body in objects(value):
                self.object(body, inside)

    def complain(self, node, what):
        self.complaints.append(f"infra/{self.name}:{node.start_point.row + 1}: {what}")


def pairs(body):
    for child in body.named_children:
        if child.type == "object_property" and len(child.named_children) == 2:
            yield child.named_children


def objects(node):
    """The objects that a value is, or is made of: of a list, a loop, a condition or a choice."""
    if node.type == "object":
        yield node
    elif node.type in ("array", "for_statement", "if_statement", "ternary_expression", "parenthesized_expression"):
        for child in node.named_children:
            yield from objects(child)


def main(package):
    types, parser = Types(package), tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
    complaints, seen = [], 0
    for path in sorted((ROOT / "infra").rglob("*.bicep")):
        # The grammar does not have `extension` yet.
        source = re.sub(r"^extension .*$", "", path.read_text(), flags=re.M).encode()
        check = Check(types, path.relative_to(ROOT / "infra"), source)
        check.walk(parser.parse(source).root_node)
        complaints, seen = complaints + check.complaints, seen + check.seen
    print("\n".join(complaints), file=sys.stderr)
    print(f"{seen} properties of resources looked at")
    # As many as there are, less a little: nothing may be passed over unseen.
    return 1 if complaints or seen < 200 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
