//! Azure CLI commands that create or mend what a copy needs of an account; pure.
//!
//! <https://learn.microsoft.com/cli/azure/cosmosdb>. They hold the names that are known; what is not known is in angle
//! brackets. The resource group, which no setting names, is looked up by the name of the account.

use url::Url;

/// The data-plane role that a copy is written with.
pub(super) const ROLE: &str = "Cosmos DB Built-in Data Contributor";
/// Its id: <https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security#built-in-roles>.
const ROLE_ID: &str = "00000000-0000-0000-0000-000000000002";

/// An account and the database in it, as commands name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    name: Option<String>,
    database: String,
}

impl Account {
    /// The account at an endpoint. An emulator, or an endpoint of another form, has no name for commands.
    pub fn new(endpoint: &Url, database: &str) -> Self {
        let host = endpoint.host_str().unwrap_or_default();
        let name = host.split_once(".documents.azure.").map(|(name, _)| name.to_owned());
        Self { name, database: database.to_owned() }
    }

    /// One of which nothing is known.
    pub fn unknown() -> Self {
        Self { name: None, database: "<database>".into() }
    }

    /// Creates the database.
    pub fn create_database(&self) -> String {
        format!("az cosmosdb sql database create {} -n {}", self.place("-a"), self.database)
    }

    /// Creates a container with TTL on and no default.
    pub fn create_container(&self, name: &str, partition_key: &str) -> String {
        let database = &self.database;
        format!(
            "az cosmosdb sql container create {} -d {database} -n {name} --partition-key-path {partition_key} \
             --ttl -1",
            self.place("-a")
        )
    }

    /// Creates a container anew: its partition key cannot be changed.
    pub fn replace_container(&self, name: &str, partition_key: &str) -> String {
        let (place, database) = (self.place("-a"), &self.database);
        format!(
            "az cosmosdb sql container delete {place} -d {database} -n {name} && {}",
            self.create_container(name, partition_key)
        )
    }

    /// Turns TTL on, without a default.
    pub fn turn_ttl_on(&self, name: &str) -> String {
        let (place, database) = (self.place("-a"), &self.database);
        format!("az cosmosdb sql container update {place} -d {database} -n {name} --ttl -1")
    }

    /// Lets an identity read and write the documents of the database.
    pub fn assign_role(&self, principal_id: Option<&str>) -> String {
        let principal = principal_id.unwrap_or("<object id of the identity>");
        let (place, database) = (self.place("-a"), &self.database);
        format!(
            "az cosmosdb sql role assignment create {place} --role-definition-id {ROLE_ID} \
             --principal-id {principal} --scope /dbs/{database}"
        )
    }

    /// Lets an address through the firewall, besides those that it lets through today, if there are any: the query
    /// (<https://jmespath.org/specification.html>) appends it to their list, which may be empty or null.
    pub fn allow_address(&self) -> String {
        let place = self.place("-n");
        format!(
            "az cosmosdb update {place} --ip-range-filter \"$(az cosmosdb show {place} --query \
             \"join(',', [ipRules[].ipAddressOrRange, ['<public address of this machine>']][] | [?@])\" -o tsv)\""
        )
    }

    /// Shows the endpoint of the account.
    pub fn show_endpoint(&self) -> String {
        format!("az cosmosdb show {} --query documentEndpoint -o tsv", self.place("-n"))
    }

    /// Shows the account key.
    pub fn show_key(&self) -> String {
        format!("az cosmosdb keys list {} --query primaryMasterKey -o tsv", self.place("-n"))
    }

    fn place(&self, option: &str) -> String {
        match &self.name {
            Some(name) => format!(
                "{option} {name} -g $(az cosmosdb list --query \"[?name=='{name}'].resourceGroup\" -o tsv)"
            ),
            None => format!("{option} <account> -g <group>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(endpoint: &str) -> Account {
        Account::new(&Url::parse(endpoint).unwrap(), "graph")
    }

    #[test]
    fn commands_hold_the_names_that_are_known() {
        let group = "-g $(az cosmosdb list --query \"[?name=='contoso'].resourceGroup\" -o tsv)";
        for cloud in ["com:443", "us", "cn"] {
            let known = account(&format!("https://contoso.documents.azure.{cloud}/"));
            assert_eq!(
                known.create_container("users", "/id"),
                format!(
                    "az cosmosdb sql container create -a contoso {group} -d graph -n users --partition-key-path /id \
                     --ttl -1"
                )
            );
            assert!(known.assign_role(Some("p")).ends_with("--principal-id p --scope /dbs/graph"));
        }
        let emulator = account("http://localhost:8081/");
        assert_eq!(
            emulator.create_database(),
            "az cosmosdb sql database create -a <account> -g <group> -n graph"
        );
        assert!(emulator.assign_role(None).contains("--principal-id <object id of the identity>"));
        assert_eq!(
            emulator.allow_address(),
            "az cosmosdb update -n <account> -g <group> --ip-range-filter \"$(az cosmosdb show -n <account> -g <group> \
             --query \"join(',', [ipRules[].ipAddressOrRange, ['<public address of this machine>']][] | [?@])\" -o tsv)\"",
            "one rule more, without a comma where there was none"
        );
    }
}
