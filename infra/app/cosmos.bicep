// The copy: one account, one database, and exactly the containers that the mirrored resources need
// (resources.json). The app cannot create any of it: under a token of Entra, the data plane has no such right.

param name string
param location string
param tags object

@description('The account can be reached from the internet (with a token of Entra).')
param isPublic bool

@description('What is paid for: requests (serverless), or a throughput that follows the load (autoscale).')
@allowed(['serverless', 'autoscale'])
param capacity string

@description('Highest request units a second of all containers together. Autoscale falls to a tenth of it.')
@minValue(1000)
param autoscaleMaxThroughput int

@description('Nobody can delete the account, its database or its containers before the lock is taken away.')
param isLocked bool

@description('Paths that readers filter or sort by, for each container, besides those of the mirror.')
param indexedPaths object

@description('Object id of the identity of the app.')
param principalId string

@description('Object ids of service principals that may write the copy too: for the command line.')
param writerPrincipalIds array

@description('Object ids of who may read the copy. None of them may read the container `mirror`.')
param readerPrincipalIds array

var resources = loadJsonContent('../resources.json')
var databaseName = 'graph'

// What the mirror itself asks for (src/store): generations and saves to sweep and settle by, sources that are
// doubtful, tombstones, ends of links, and parents, which are partition keys.
// The last one is where an item of a drive says in which folder it lies.
var mirrorPaths = [
  '/_mirror/generation/?'
  '/_mirror/save/?'
  '/_mirror/source/?'
  '/_mirror/removed/*'
  '/_mirror/parent/?'
  '/sourceId/?'
  '/targetId/?'
  '/parentReference/id/?'
]

// https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security
var dataReader = '00000000-0000-0000-0000-000000000001'
var dataContributor = '00000000-0000-0000-0000-000000000002'

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    // One region that writes: the lease and the checkpoint rest on conditional writes that see each other.
    enableMultipleWriteLocations: false
    locations: [
      {
        locationName: location
        failoverPriority: 0
        isZoneRedundant: false
      }
    ]
    consistencyPolicy: {
      defaultConsistencyLevel: 'Session'
    }
    capabilities: capacity == 'serverless'
      ? [
          {
            name: 'EnableServerless'
          }
        ]
      : []
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: {
        tier: 'Continuous7Days'
      }
    }
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-10-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: {
      id: databaseName
    }
    options: capacity == 'autoscale'
      ? {
          autoscaleSettings: {
            maxThroughput: autoscaleMaxThroughput
          }
        }
      : {}
  }
}

// TTL without a default: only tombstones carry one.
resource copies 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15' = [
  for container in resources.containers: {
    parent: database
    name: container.name
    properties: {
      resource: {
        id: container.name
        defaultTtl: -1
        partitionKey: {
          kind: 'Hash'
          paths: [
            container.partitionKey
          ]
          version: 2
        }
        indexingPolicy: {
          automatic: true
          indexingMode: 'consistent'
          includedPaths: map(
            union(mirrorPaths, indexedPaths[?container.name] ?? []),
            path => { path: path }
          )
          excludedPaths: [
            {
              path: '/*'
            }
            {
              path: '/"_etag"/?'
            }
          ]
        }
      }
    }
  }
]

// Leases, checkpoints and run records. Read by id and by partition only.
resource control 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15' = {
  parent: database
  name: resources.control.name
  properties: {
    resource: {
      id: resources.control.name
      defaultTtl: -1
      partitionKey: {
        kind: 'Hash'
        paths: [
          resources.control.partitionKey
        ]
        version: 2
      }
      indexingPolicy: {
        automatic: true
        indexingMode: 'consistent'
        includedPaths: [
          {
            path: '/feed/?'
          }
        ]
        excludedPaths: [
          {
            path: '/*'
          }
          {
            path: '/"_etag"/?'
          }
        ]
      }
    }
  }
}

// One at a time: the account refuses another assignment while one is being made.
@batchSize(1)
resource writers 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-10-15' = [
  for writer in union([principalId], writerPrincipalIds): {
    parent: account
    name: guid(database.id, writer, dataContributor)
    properties: {
      principalId: writer
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
      scope: '${account.id}/dbs/${database.name}'
    }
    dependsOn: [
      copies
      control
    ]
  }
]

// One by one, and never the container `mirror`: the links in its checkpoints carry tokens.
var readings = flatten(map(
  union(readerPrincipalIds, []),
  reader => map(resources.containers, container => { reader: reader, container: container.name })
))

@batchSize(1)
resource readers 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-10-15' = [
  for reading in readings: {
    parent: account
    name: guid(database.id, reading.reader, reading.container, dataReader)
    properties: {
      principalId: reading.reader
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataReader}'
      scope: '${account.id}/dbs/${database.name}/colls/${reading.container}'
    }
    dependsOn: [
      writers
    ]
  }
]

// Reading and writing documents goes on as before: https://learn.microsoft.com/azure/cosmos-db/resource-locks
resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'copy'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'The copy of Microsoft Graph. docs/deploy.md of graph-mirror says how it is taken down.'
  }
  dependsOn: [
    readers
  ]
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.documentEndpoint
output databaseName string = database.name
