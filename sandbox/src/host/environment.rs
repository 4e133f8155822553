//! The host's own environment, which its child inherits: what a host on Linux has besides the app settings.
//!
//! Source: <https://learn.microsoft.com/azure/app-service/reference-app-settings>. Left out: the environment of whoever runs
//! the tests, which would make them depend on the machine.

/// What this stand-in says it is.
pub(super) const HOST_VERSION: &str = "4.1052.200";

/// Names and values. Two of them are secrets of the platform, which no handler may tell anybody.
pub(super) const OF_HOST: [(&str, &str); 16] = [
    ("ASPNETCORE_URLS", "http://+:80"),
    ("AzureWebJobsScriptRoot", "/home/site/wwwroot"),
    ("CONTAINER_NAME", "SANDBOX-0123456789"),
    ("DOTNET_RUNNING_IN_CONTAINER", "true"),
    ("FUNCTIONS_EXTENSION_VERSION", "~4"),
    ("FUNCTIONS_WORKER_RUNTIME", "custom"),
    ("HOME", "/home"),
    ("LANG", "C.UTF-8"),
    ("MACHINEKEY_DecryptionKey", "machine-key-of-the-platform"),
    ("REGION_NAME", "West Europe"),
    ("WEBSITE_AUTH_ENCRYPTION_KEY", "encryption-key-of-the-platform"),
    ("WEBSITE_HOSTNAME", "sandbox.azurewebsites.net"),
    ("WEBSITE_INSTANCE_ID", "0123456789abcdef"),
    ("WEBSITE_OWNER_NAME", "00000000-0000-4000-8000-000000000001+sandbox-westeurope"),
    ("WEBSITE_SITE_NAME", "sandbox"),
    ("WEBSITE_SKU", "FlexConsumption"),
];
