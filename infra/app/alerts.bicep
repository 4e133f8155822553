// What somebody should be woken for. docs/operations.md says of each what it means and what to do.

param insightsId string
param location string
param tags object
param actionGroupName string

@description('Who is told by mail. Without any, the alerts are only shown in the portal.')
param emails array

@description('The longest that a feed may go without a turn that brings it up to date.')
@allowed(['PT15M', 'PT30M', 'PT45M', 'PT1H', 'PT2H', 'PT3H', 'PT6H', 'P1D'])
param staleAfter string

@description('Change notifications are on.')
param notifications bool

var resources = loadJsonContent('../resources.json')

var always = [
  {
    name: 'stale'
    title: 'graph-mirror: no successful sync'
    query: replace(loadTextContent('queries/stale.kql'), '{resources}', string(resources.resources))
    window: staleAfter
    severity: 1
  }
  {
    name: 'held'
    title: 'graph-mirror: removals are held'
    query: loadTextContent('queries/held.kql')
    window: 'PT15M'
    severity: 2
  }
  {
    name: 'unclean'
    title: 'graph-mirror: turns do not end'
    query: loadTextContent('queries/unclean.kql')
    window: 'PT1H'
    severity: 2
  }
  {
    name: 'poison'
    title: 'graph-mirror: a work item was given up'
    query: loadTextContent('queries/poison.kql')
    window: 'PT15M'
    severity: 3
  }
]

var whenNotified = [
  {
    name: 'subscriptions'
    title: 'graph-mirror: a subscription is about to end'
    query: replace(loadTextContent('queries/subscriptions.kql'), '{resources}', string(resources.notified))
    window: 'PT1H'
    severity: 2
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'graph-mirror'
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in concat(always, notifications ? whenNotified : []): {
    name: 'graph-mirror-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      description: 'What it means and what to do: docs/operations.md'
      enabled: true
      severity: alert.severity
      scopes: [
        insightsId
      ]
      evaluationFrequency: 'PT15M'
      windowSize: alert.window
      autoMitigate: true
      // The tables are empty, or not there yet, when this is first deployed.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(emails) ? [] : [group.id]
      }
    }
  }
]
