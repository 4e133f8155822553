// A network of its own, where storage, Cosmos DB and the vault are asked through private endpoints only. The app
// stays reachable from the internet: Microsoft Graph has to reach the function `notifications`.

param name string
param endpointPrefix string
param location string
param tags object

@description('Addresses of the network; it is halved into one subnet for the app and one for the endpoints.')
param addressPrefix string

param storageId string
param cosmosId string

@description('Empty where there is no vault.')
param vaultId string

var size = parseCidr(addressPrefix).cidr + 1
var subnets = {
  app: cidrSubnet(addressPrefix, size, 0)
  endpoints: cidrSubnet(addressPrefix, size, 1)
}

// Of these, the environment knows all but that of Cosmos DB.
var storageSuffix = environment().suffixes.storage
var cosmosSuffix = { AzureUSGovernment: 'azure.us', AzureChinaCloud: 'azure.cn' }[?environment().name] ?? 'azure.com'
var vaultSuffix = replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')
var targets = concat(
  [
    { name: 'blob', group: 'blob', id: storageId, zone: 'privatelink.blob.${storageSuffix}' }
    { name: 'queue', group: 'queue', id: storageId, zone: 'privatelink.queue.${storageSuffix}' }
    { name: 'table', group: 'table', id: storageId, zone: 'privatelink.table.${storageSuffix}' }
    { name: 'cosmos', group: 'Sql', id: cosmosId, zone: 'privatelink.documents.${cosmosSuffix}' }
  ],
  empty(vaultId) ? [] : [
    { name: 'vault', group: 'vault', id: vaultId, zone: 'privatelink${vaultSuffix}' }
  ]
)

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: subnets.app
          // Flex Consumption; the provider Microsoft.App has to be registered in the subscription.
          delegations: [
            {
              name: 'flex'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: subnets.endpoints
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for target in targets: {
    name: target.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (target, index) in targets: {
    parent: zones[index]
    name: name
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for target in targets: {
    name: '${endpointPrefix}${target.name}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: '${network.id}/subnets/endpoints'
      }
      privateLinkServiceConnections: [
        {
          name: target.name
          properties: {
            privateLinkServiceId: target.id
            groupIds: [
              target.group
            ]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (target, index) in targets: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: target.name
          properties: {
            privateDnsZoneId: zones[index].id
          }
        }
      ]
    }
  }
]

output appSubnetId string = '${network.id}/subnets/app'
