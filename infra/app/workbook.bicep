// How the mirror is, over time: in the resource group, under "Workbooks".

param insightsId string
param location string
param tags object

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insightsId, 'graph-mirror')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'graph-mirror'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: insightsId
    serializedData: replace(loadTextContent('workbook.json'), '{insights}', insightsId)
  }
}
