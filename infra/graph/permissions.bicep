// Grants the app exactly the application permissions that the mirrored resources need (../resources.json). A template
// of its own, since who may deploy the rest may seldom grant these: it takes "Privileged Role Administrator".
//
//   az deployment group create -g <resource group> -f infra/graph/permissions.bicep -p principalId=<object id>
//
// scripts/grant-graph-permissions.sh does the same without this extension of Bicep.

extension microsoftGraphV1

@description('Object id of the identity of the app: `azd env get-value MIRROR_PRINCIPAL_ID`.')
param principalId string

var appRoles = loadJsonContent('../resources.json').appRoles

// It has this application id in every tenant.
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000' // Microsoft Graph
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for role in appRoles: {
    principalId: principalId
    resourceId: graph.id
    appRoleId: role.id
  }
]
