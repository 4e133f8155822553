// Who the app is, towards Microsoft Graph, Cosmos DB, storage, the vault and Application Insights alike.
// User-assigned, so that it has its roles before the app first starts.

param name string
param location string
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output id string = identity.id
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
