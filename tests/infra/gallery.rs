//! What the gallery of azd's templates asks of a repository, as far as files say it: the list that
//! microsoft/template-validation-action checks.

use crate::{root, text};

#[test]
fn the_repository_has_what_the_gallery_asks_for() {
    for path in [
        "LICENSE",
        "SECURITY.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "azure.yaml",
        "infra/main.bicep",
        ".devcontainer/devcontainer.json",
        ".github/ISSUE_TEMPLATE",
        ".github/pull_request_template.md",
        ".github/workflows/azure-dev.yml",
    ] {
        assert!(root().join(path).exists(), "there is no {path}");
    }
    let readme = text("README.md").to_lowercase();
    for section in ["## features", "## getting started", "## guidance", "## resources"] {
        assert!(readme.lines().any(|line| line == section), "README.md has no section `{section}`");
    }
}

/// A picture that needs nothing from elsewhere, and says in words what it shows.
#[test]
fn the_picture_of_the_architecture_stands_for_itself() {
    let picture = text("docs/architecture.svg");
    assert!(picture.contains("<title "), "it has no title");
    let links = picture.replace("http://www.w3.org/2000/svg", "");
    for foreign in ["http", "<image", "<script", "@import", "@font-face", "href"] {
        assert!(!links.contains(foreign), "it takes {foreign} from elsewhere");
    }
    for page in ["README.md", "docs/deploy.md"] {
        assert!(text(page).contains("architecture.svg)"), "{page} does not show it");
    }
}
