// A job of Container Apps that runs `sync` by a schedule. docs/containers.md says how; `azd up` does not deploy it.
//
// It may run beside the functions: the lease of each feed keeps them apart.

param name string = 'graph-mirror'
param location string = resourceGroup().location

@description('Resource id of the environment of Container Apps.')
param environmentId string

@description('The image, as it is called in the registry.')
param image string

@description('Host of the registry. The identity has the role AcrPull there.')
param registry string

@description('Name of the user-assigned identity, such as that of the function app: it has its roles already.')
param identityName string

param cosmosEndpoint string
param cosmosDatabase string = 'graph'

@description('Which Microsoft cloud Graph is asked in: `AZURE_CLOUD`.')
@allowed(['global', 'usgov', 'usgov-dod', 'china'])
param cloud string = 'global'

@description('Resources that are brought up to date, one after the other.')
param resources array = ['users', 'groups', 'devices']

@description('When, in UTC: minute, hour, day, month, day of the week.')
param schedule string = '*/15 * * * *'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environmentId
    configuration: {
      triggerType: 'Schedule'
      scheduleTriggerConfig: {
        cronExpression: schedule
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: 3600
      replicaRetryLimit: 0 // the next run continues where this one was saved
      registries: [
        {
          server: registry
          identity: identity.id
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'graph-mirror'
          image: image
          args: concat(['sync'], resources)
          resources: {
            cpu: json('0.25')
            memory: '0.5Gi'
          }
          env: [
            {
              name: 'GRAPH_CREDENTIAL'
              value: 'managed-identity'
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identity.properties.clientId
            }
            {
              name: 'AZURE_TENANT_ID'
              value: tenant().tenantId
            }
            {
              name: 'AZURE_CLOUD'
              value: cloud
            }
            {
              name: 'COSMOS_ENDPOINT'
              value: cosmosEndpoint
            }
            {
              name: 'COSMOS_DATABASE'
              value: cosmosDatabase
            }
          ]
        }
      ]
    }
  }
}
