//! Every row of the table, and what is missing.

use secrecy::ExposeSecret as _;

use crate::credentials::{ClientSecret, Credential, Link, ManagedIdentity};
use crate::settings::{Identity, Problems, Settings};

const SECRET: &str = "hush~very~secret";

fn read(pairs: &[(&str, &str)]) -> Result<Settings, Problems> {
    Settings::for_serve(|name| {
        let found = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        found.or_else(|| (name == "COSMOS_ENDPOINT").then(|| "https://a.documents.azure.com".to_owned()))
    })
}

/// As a command reads them.
fn command(pairs: &[(&str, &str)]) -> Result<Settings, Problems> {
    Settings::for_command(|name| {
        let found = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        found.or_else(|| (name == "COSMOS_ENDPOINT").then(|| "https://a.documents.azure.com".to_owned()))
    })
}

fn identity(pairs: &[(&str, &str)]) -> Identity {
    read(pairs).unwrap().identity
}

/// An app registration, with whatever else is set.
fn with_secret<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![("AZURE_TENANT_ID", "contoso.example"), ("AZURE_CLIENT_SECRET", SECRET)];
    pairs.extend(more);
    pairs
}

/// `Graph, Cosmos` in short: `managed <id>` or `secret <id>`, and `same` for one credential.
fn who(identity: &Identity) -> String {
    let short = |credential: &Credential| match credential {
        Credential::ManagedIdentity(ManagedIdentity { client_id, .. }) => {
            format!("managed {}", client_id.as_deref().unwrap_or("-"))
        }
        Credential::ClientSecret(app) => format!("secret {}", app.registration.client_id),
        Credential::ClientCertificate(app) => format!("certificate {}", app.registration.client_id),
        Credential::WorkloadIdentity(app) => format!("workload {}", app.registration.client_id),
        Credential::AzureCli(_) => "az".to_owned(),
        Credential::AzureDeveloperCli(_) => "azd".to_owned(),
        Credential::Auto(chain) => match &chain.links[2] {
            Link::Metadata(ManagedIdentity { client_id, .. }) => {
                format!("auto {}", client_id.as_deref().unwrap_or("-"))
            }
            other => panic!("{other:?}"),
        },
        Credential::SignIn(person) => format!("person {}", person.registration.client_id),
        Credential::OnBehalfOf(user) => format!("user {}", user.registration.client_id),
    };
    let cosmos = identity.cosmos.as_ref().map_or("same".to_owned(), short);
    format!("{}, {cosmos}", short(&identity.graph))
}

#[test]
fn without_a_secret_both_are_the_managed_identity() {
    assert_eq!(who(&identity(&[])), "managed -, same");
    assert_eq!(who(&identity(&[("AZURE_CLIENT_ID", "a")])), "managed a, same");
    assert_eq!(
        who(&identity(&[("AZURE_CLIENT_ID", "a"), ("COSMOS_CLIENT_ID", "c")])),
        "managed a, managed c"
    );
    assert_eq!(who(&identity(&[("COSMOS_CLIENT_ID", "c")])), "managed -, managed c");
    let equal = [("AZURE_CLIENT_ID", "a"), ("COSMOS_CLIENT_ID", "a"), ("COSMOS_CREDENTIAL", "auto")];
    assert_eq!(who(&identity(&equal)), "managed a, same");
}

#[test]
fn with_a_secret_both_are_the_app_registration() {
    assert_eq!(who(&identity(&with_secret(&[("AZURE_CLIENT_ID", "a")]))), "secret a, same");
    let named = [("AZURE_CLIENT_ID", "a"), ("GRAPH_CREDENTIAL", "client-secret")];
    assert_eq!(who(&identity(&with_secret(&named))), "secret a, same");
    let two = [("AZURE_CLIENT_ID", "a"), ("COSMOS_CLIENT_ID", "c")];
    assert_eq!(who(&identity(&with_secret(&two))), "secret a, secret c");
    let managed = [("AZURE_CLIENT_ID", "a"), ("GRAPH_CREDENTIAL", "managed-identity")];
    assert_eq!(who(&identity(&with_secret(&managed))), "managed a, same", "a secret that nobody uses");
}

#[test]
fn the_client_id_of_an_app_registration_is_never_that_of_a_managed_identity() {
    let cosmos_managed = ("COSMOS_CREDENTIAL", "managed-identity");
    let id = ("AZURE_CLIENT_ID", "a");
    assert_eq!(who(&identity(&with_secret(&[id, cosmos_managed]))), "secret a, managed -");
    let named = [id, cosmos_managed, ("COSMOS_CLIENT_ID", "c")];
    assert_eq!(who(&identity(&with_secret(&named))), "secret a, managed c");

    let graph_managed = ("GRAPH_CREDENTIAL", "managed-identity");
    for cosmos_secret in [("COSMOS_CREDENTIAL", "client-secret"), ("COSMOS_CREDENTIAL", "auto")] {
        let pairs = with_secret(&[id, graph_managed, cosmos_secret]);
        assert_eq!(who(&identity(&pairs)), "managed -, secret a");
        let pairs = with_secret(&[id, graph_managed, cosmos_secret, ("COSMOS_CLIENT_ID", "c")]);
        assert_eq!(who(&identity(&pairs)), "managed a, secret c");
    }
}

#[test]
fn what_the_environment_has_decides_and_the_secret_comes_first() {
    let file = ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token");
    let ids = [("AZURE_TENANT_ID", "contoso.example"), ("AZURE_CLIENT_ID", "a")];
    for credential in [("GRAPH_CREDENTIAL", "environment"), ("GRAPH_CREDENTIAL", "auto"), ("UNUSED", "")] {
        let federated = [ids[0], ids[1], file, credential];
        assert_eq!(who(&identity(&federated)), "workload a, same");
        assert_eq!(who(&command(&federated).unwrap().identity), "workload a, same", "nothing is tried");
        let both = [ids[0], ids[1], file, ("AZURE_CLIENT_SECRET", SECRET), credential];
        assert_eq!(who(&identity(&both)), "secret a, same");
    }
    let half = read(&[file]).unwrap_err();
    assert_eq!(half.lines().len(), 2, "tenant and client id: {half}");
    let none = read(&[("GRAPH_CREDENTIAL", "environment")]).unwrap_err();
    assert_eq!(
        none.lines(),
        ["GRAPH_CREDENTIAL: `environment` needs one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, \
          AZURE_FEDERATED_TOKEN_FILE, and none is set"]
    );
}

#[test]
fn on_the_command_line_auto_is_a_chain_and_for_serve_the_managed_identity_alone() {
    let pairs = [("AZURE_CLIENT_ID", "a")];
    assert_eq!(who(&identity(&pairs)), "managed a, same");
    assert_eq!(who(&command(&pairs).unwrap().identity), "auto a, same");
    let both = [pairs[0], ("COSMOS_CLIENT_ID", "c")];
    assert_eq!(who(&command(&both).unwrap().identity), "auto a, auto c");
    let stated = command(&[("IDENTITY_ENDPOINT", "http://127.0.0.1:1")]).unwrap().identity.graph;
    let Credential::Auto(chain) = stated else { panic!("{stated:?}") };
    assert!(
        matches!(&chain.links[2], Link::Asked(asked) if matches!(**asked, Credential::ManagedIdentity(_))),
        "{chain:?}"
    );
}

#[test]
fn an_account_of_a_tool_takes_no_client_id() {
    let id = ("AZURE_CLIENT_ID", "a");
    let az = ("GRAPH_CREDENTIAL", "azure-cli");
    assert_eq!(who(&identity(&[id, az])), "az, same");
    assert_eq!(who(&identity(&[id, az, ("COSMOS_CLIENT_ID", "c")])), "az, same");
    assert_eq!(who(&identity(&[id, az, ("COSMOS_CREDENTIAL", "managed-identity")])), "az, managed a");
    assert_eq!(
        who(&identity(&with_secret(&[id, az, ("COSMOS_CREDENTIAL", "client-secret")]))),
        "az, secret a"
    );
    let own = [id, az, ("COSMOS_CREDENTIAL", "managed-identity"), ("COSMOS_CLIENT_ID", "c")];
    assert_eq!(who(&identity(&own)), "az, managed c");
    assert_eq!(
        who(&identity(&with_secret(&[id, ("COSMOS_CREDENTIAL", "azure-developer-cli")]))),
        "secret a, azd"
    );
}

#[test]
fn with_an_account_key_nobody_is_asked_for_towards_cosmos() {
    let key = ("COSMOS_KEY", "a2V5");
    let pairs =
        [key, ("COSMOS_CREDENTIAL", "client-secret"), ("COSMOS_CLIENT_ID", "c"), ("AZURE_CLIENT_ID", "a")];
    assert_eq!(who(&identity(&pairs)), "managed a, same");
}

#[test]
fn every_missing_part_of_an_app_registration_is_named_once() {
    let named = |pairs: &[(&str, &str)]| {
        let problems = read(pairs).unwrap_err();
        let lines = problems.lines().iter();
        lines.map(|line| line.split(": is not set").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
    assert_eq!(named(&[("GRAPH_CREDENTIAL", "client-secret")]), all);
    assert_eq!(named(&[("COSMOS_CREDENTIAL", "client-secret")]), all);
    assert_eq!(named(&[("GRAPH_CREDENTIAL", "client-secret"), ("COSMOS_CLIENT_ID", "c")]), all);
    assert_eq!(named(&[("COSMOS_CREDENTIAL", "client-secret"), ("COSMOS_CLIENT_ID", "c")]), [all[0], all[2]]);
    assert_eq!(named(&[("AZURE_CLIENT_SECRET", SECRET), ("AZURE_CLIENT_ID", "a")]), all[..1]);
}

#[test]
fn an_unknown_credential_is_refused_with_the_known_ones_listed() {
    for name in ["GRAPH_CREDENTIAL", "COSMOS_CREDENTIAL"] {
        let problems = read(&[(name, "magic")]).unwrap_err();
        let told = "is none of auto, environment, managed-identity, client-secret, client-certificate, \
                    workload-identity, azure-cli, \
                    azure-developer-cli";
        let [line] = problems.lines() else { panic!("{problems:?}") };
        assert!(line.starts_with(&format!("{name}: {told}")), "{line}");
        assert_eq!(
            line.contains("device-code"),
            name == "GRAPH_CREDENTIAL",
            "Cosmos is opened as an application"
        );
    }
}

#[test]
fn for_graph_alone_the_credential_is_the_same_and_nothing_of_cosmos_is_asked_for() {
    let graph_managed = ("GRAPH_CREDENTIAL", "managed-identity");
    for more in [&[][..], &[graph_managed], &[graph_managed, ("COSMOS_CREDENTIAL", "client-secret")]] {
        let mut pairs = with_secret(&[("AZURE_CLIENT_ID", "a")]);
        pairs.extend(more);
        let found =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let alone = Settings::for_graph(found).unwrap();
        let of_both = command(&pairs).unwrap().identity.graph;
        assert_eq!(format!("{:?}", alone.credential), format!("{of_both:?}"));
        assert_eq!(alone.tenant_id.as_deref(), Some("contoso.example"));
    }
    let unset = Settings::for_graph(|name| (name == "GRAPH_CREDENTIAL").then(|| "client-secret".into()));
    assert_eq!(unset.unwrap_err().lines().len(), 3, "tenant, client id and secret");
}

#[test]
fn an_application_has_one_scope_and_that_is_the_default_one() {
    for wrong in ["User.Read", "https://graph.microsoft.com/User.Read.All", ".default offline_access"] {
        let problems = read(&[("GRAPH_SCOPES", wrong)]).unwrap_err();
        assert!(
            problems.to_string().contains("GRAPH_SCOPES: must be one scope that ends in /.default"),
            "{problems}"
        );
        assert_eq!(problems.lines().len(), 1, "{problems}");
    }
    assert!(read(&[("GRAPH_SCOPES", "https://graph.example/.default")]).is_ok());
}

#[test]
fn the_authority_is_that_of_the_cloud_unless_it_is_stated() {
    let authority = |more: &[(&str, &str)]| {
        let mut pairs = with_secret(&[("AZURE_CLIENT_ID", "a")]);
        pairs.extend(more);
        match identity(&pairs).graph {
            Credential::ClientSecret(ClientSecret { registration, .. }) => {
                assert_eq!(registration.tenant_id, "contoso.example");
                registration.authority.to_string()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(authority(&[]), "https://login.microsoftonline.com/");
    assert_eq!(authority(&[("AZURE_CLOUD", "usgov")]), "https://login.microsoftonline.us/");
    assert_eq!(authority(&[("AZURE_CLOUD", "usgov-dod")]), "https://login.microsoftonline.us/");
    assert_eq!(authority(&[("AZURE_CLOUD", "china")]), "https://login.chinacloudapi.cn/");
    let stated = ("AZURE_AUTHORITY_HOST", "https://localhost:8443");
    assert_eq!(authority(&[("AZURE_CLOUD", "china"), stated]), "https://localhost:8443/");
}

#[test]
fn the_authority_is_an_https_origin_and_the_tenant_fits_into_its_address() {
    for wrong in
        ["http://127.0.0.1:1", "http://login.example", "https://login.example/tenant", "login.example"]
    {
        let problems = read(&[("AZURE_AUTHORITY_HOST", wrong)]).unwrap_err();
        assert!(problems.lines()[0].starts_with("AZURE_AUTHORITY_HOST: "), "{wrong}: {problems}");
        assert_eq!(problems.lines().len(), 1, "{wrong}: {problems}");
    }
    let tenant = [("AZURE_TENANT_ID", "a/b"), ("AZURE_CLIENT_ID", "a"), ("AZURE_CLIENT_SECRET", SECRET)];
    assert!(read(&tenant).unwrap_err().to_string().contains("AZURE_TENANT_ID: is neither"));
}

#[test]
fn a_secret_is_kept_to_the_letter_and_never_shows() {
    let identity = identity(&with_secret(&[("AZURE_CLIENT_ID", "a"), ("COSMOS_CLIENT_ID", "c")]));
    assert!(!format!("{identity:?}").contains("hush"));
    for credential in [Some(&identity.graph), identity.cosmos.as_ref()] {
        let Some(Credential::ClientSecret(ClientSecret { secret, .. })) = credential else {
            panic!("{credential:?}")
        };
        assert_eq!(secret.expose_secret(), SECRET);
    }
}

/// What a person who signs in needs, with whatever else is set.
fn person<'a>(name: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![("GRAPH_CREDENTIAL", name), ("AZURE_CLIENT_ID", "a"), ("HOME", "/home/ada")];
    pairs.extend(more);
    pairs
}

#[test]
fn a_person_signs_in_for_graph_and_cosmos_is_opened_as_an_application() {
    for name in ["device-code", "interactive-browser", "authorization-code"] {
        let found = command(&person(name, &[("GRAPH_SCOPES", "User.Read Mail.Read")])).unwrap().identity;
        assert_eq!((who(&found).as_str(), found.graph.name()), ("person a, auto -", name));
        let problems = command(&person(name, &[("COSMOS_CREDENTIAL", name)])).unwrap_err();
        assert!(problems.to_string().contains("acts for a person"), "{problems}");
        let served = Settings::for_serve(|wanted| {
            let all = person(name, &[("COSMOS_ENDPOINT", "https://a.documents.azure.com")]);
            all.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).to_owned())
        });
        let problems = served.unwrap_err();
        assert!(
            problems.lines()[0].starts_with(&format!("GRAPH_CREDENTIAL: `{name}` needs a person")),
            "{problems}"
        );
    }
    let problems = command(&[("GRAPH_CREDENTIAL", "device-code")]).unwrap_err();
    assert_eq!(problems.lines().len(), 2, "a client id, and a folder for the sign-in: {problems}");
}

#[test]
fn a_code_needs_its_redirect_address_and_a_user_s_token_a_file_and_a_secret() {
    let problems =
        command(&person("authorization-code", &[("GRAPH_AUTHORIZATION_CODE", "hush")])).unwrap_err();
    assert!(problems.to_string().contains("GRAPH_REDIRECT_URI: is not set"), "{problems}");
    let address = ("GRAPH_REDIRECT_URI", "app.example");
    let problems =
        command(&person("authorization-code", &[("GRAPH_AUTHORIZATION_CODE", "hush"), address])).unwrap_err();
    assert!(problems.to_string().contains("GRAPH_REDIRECT_URI: is not a URL"), "{problems}");
    let problems = command(&person("on-behalf-of", &[])).unwrap_err();
    for name in ["AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "GRAPH_USER_ASSERTION_FILE"] {
        assert!(problems.to_string().contains(&format!("{name}: is not set")), "{name}: {problems}");
    }
}
