// graph-mirror on Azure: everything in one resource group, with one identity and without a key.
//
//   azd up
//
// docs/deploy.md says what each parameter does and what it costs.

targetScope = 'subscription'

@description('Name of the environment: part of the name of the resource group, and a tag.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region. It has to have Flex Consumption.')
@metadata({ azd: { type: 'location' } })
@minLength(1)
param location string

@description('Which Microsoft cloud Graph is asked in: `AZURE_CLOUD`.')
@allowed(['global', 'usgov', 'usgov-dod', 'china'])
param cloud string = 'global'

@description('Change notifications: the copy follows within seconds. Else the timers find changes, within minutes.')
param notifications bool = true

@description('Memory of an instance, in MB. The handler needs some 30; the rest is the host.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('Most instances of one function, or of all HTTP functions together: a bound for what can be spent.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always ready for HTTP: 1 keeps notifications from meeting a cold start.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('What Cosmos DB charges: requests (serverless), or a throughput that follows the load (autoscale).')
@allowed(['serverless', 'autoscale'])
param cosmosCapacity string = 'serverless'

@description('Autoscale: highest request units a second, of all containers together, in steps of 1000.')
@minValue(1000)
param cosmosMaxThroughput int = 1000

@description('A lock (`CanNotDelete`) keeps the Cosmos DB account and its containers from being deleted by mistake.')
param cosmosLock bool = false

@description('Paths that readers filter or sort by, for each container. Each costs request units with every write.')
param indexedPaths object = {
  users: ['/userPrincipalName/?', '/mail/?', '/displayName/?', '/department/?', '/accountEnabled/?']
  groups: ['/displayName/?', '/mail/?', '/securityEnabled/?']
}

@description('Object ids of who may read the copy, though not the container `mirror`.')
param readerPrincipalIds array = []

@description('Object ids of service principals that may write the copy: of app registrations for the command line.')
param writerPrincipalIds array = []

@description('Settings of the app besides those made here, for instance { DOUBT_MINUTES: \'30\' }.')
param settings object = {}

@description('Who is told of alerts by mail, separated by commas.')
param alertEmails string = ''

@description('The longest that a feed may go without a successful turn before somebody is told.')
@allowed(['PT15M', 'PT30M', 'PT45M', 'PT1H', 'PT2H', 'PT3H', 'PT6H', 'P1D'])
param staleAfter string = 'PT1H'

@description('How long logs are kept, in days. Application Insights keeps its own at least 90.')
@minValue(90)
@maxValue(730)
param logRetentionDays int = 90

@description('Gigabytes of logs a day after which no more is taken in, -1 for no bound.')
param logQuotaGb int = 1

@description('Storage, Cosmos DB and the vault are reached through private endpoints only.')
param vnetEnabled bool = false

@description('Addresses of that network.')
param vnetAddressPrefix string = '10.90.0.0/24'

@description('The vault of an earlier deployment, whose secret is left as it is: AZURE_KEY_VAULT_NAME, which azd keeps.')
param existingKeyVaultName string = ''

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var emails = union(filter(map(split(alertEmails, ','), email => trim(email)), email => !empty(email)), [])

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${token}'
    insightsName: '${abbreviations.insightsComponents}${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    retentionDays: logRetentionDays
    dailyQuotaGb: logQuotaGb
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    isPublic: !vnetEnabled
  }
}

module cosmos 'app/cosmos.bicep' = {
  name: 'cosmos'
  scope: group
  params: {
    name: '${abbreviations.documentDBDatabaseAccounts}${token}'
    location: location
    tags: tags
    isPublic: !vnetEnabled
    capacity: cosmosCapacity
    autoscaleMaxThroughput: cosmosMaxThroughput
    isLocked: cosmosLock
    indexedPaths: indexedPaths
    principalId: identity.outputs.principalId
    writerPrincipalIds: writerPrincipalIds
    readerPrincipalIds: readerPrincipalIds
  }
}

module vault 'app/vault.bicep' = if (notifications) {
  name: 'vault'
  scope: group
  params: {
    name: '${abbreviations.keyVaultVaults}${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    isPublic: !vnetEnabled
    isNew: empty(existingKeyVaultName)
  }
}

module network 'app/network.bicep' = if (vnetEnabled) {
  name: 'network'
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${token}'
    endpointPrefix: '${abbreviations.networkPrivateEndpoints}${token}-'
    location: location
    tags: tags
    addressPrefix: vnetAddressPrefix
    storageId: storage.outputs.id
    cosmosId: cosmos.outputs.id
    vaultId: notifications ? vault!.outputs.id : ''
  }
}

module mirror 'app/function.bicep' = {
  name: 'mirror'
  scope: group
  params: {
    planName: '${abbreviations.webServerFarms}${token}'
    name: '${abbreviations.webSitesFunctions}${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    packagesUrl: storage.outputs.packagesUrl
    blobUrl: storage.outputs.blobUrl
    queueUrl: storage.outputs.queueUrl
    tableUrl: storage.outputs.tableUrl
    insightsConnectionString: monitoring.outputs.connectionString
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttp: alwaysReadyHttp
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    settings: union(
      settings,
      {
        AZURE_CLOUD: cloud
        AZURE_TENANT_ID: tenant().tenantId
        AZURE_CLIENT_ID: identity.outputs.clientId
        GRAPH_CREDENTIAL: 'managed-identity'
        COSMOS_ENDPOINT: cosmos.outputs.endpoint
        COSMOS_DATABASE: cosmos.outputs.databaseName
      },
      notifications
        ? {
            NOTIFICATION_SECRET: '@Microsoft.KeyVault(SecretUri=${vault!.outputs.secretUri})'
          }
        : {}
    )
  }
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    insightsId: monitoring.outputs.insightsId
    location: location
    tags: tags
    actionGroupName: '${abbreviations.insightsActionGroups}${token}'
    emails: emails
    staleAfter: staleAfter
    notifications: notifications
  }
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    insightsId: monitoring.outputs.insightsId
    location: location
    tags: tags
  }
}

// `azd env get-values` has these; scripts/local-settings.sh puts those that are settings into local.settings.json.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = mirror.outputs.name
output AZURE_KEY_VAULT_NAME string = notifications ? vault!.outputs.name : ''
output AZURE_COSMOS_ACCOUNT_NAME string = cosmos.outputs.name
output COSMOS_ENDPOINT string = cosmos.outputs.endpoint
output COSMOS_DATABASE string = cosmos.outputs.databaseName
output MIRROR_URL string = mirror.outputs.url
output MIRROR_PRINCIPAL_ID string = identity.outputs.principalId
