// The one secret there is: the key of the client states by which notifications are known. Made here, at random, and
// seen by nobody but the app.

param name string
param location string
param tags object

@description('Object id of the identity of the app: may read the secret.')
param principalId string

@description('The vault can be reached from the internet (with a token of Entra).')
param isPublic bool

@description('The secret is made now. Else it is left as it is, also where somebody has rotated it.')
param isNew bool

@description('Random: nobody has to know it.')
@secure()
param notificationSecret string = '${newGuid()}${newGuid()}'

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6' // Key Vault Secrets User
var secretName = 'notification-secret'

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 7
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPublic ? 'Allow' : 'Deny'
    }
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = if (isNew) {
  parent: vault
  name: secretName
  properties: {
    contentType: 'key of the client states of Microsoft Graph subscriptions'
    value: notificationSecret
  }
}

resource appReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, secretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

output id string = vault.id
output name string = vault.name
// Without a version: a rotated secret is taken up by itself, within a day.
output secretUri string = '${vault.properties.vaultUri}secrets/${secretName}'
