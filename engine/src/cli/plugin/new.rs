//! `ring4 plugin new`: a plugin to start from. What is written is the project's own example, so
//! that it compiles and passes the kit for as long as the project's tests do.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;

const LIB: &str = include_str!("../../../../examples/minimal-plugin/src/lib.rs");
const VENDOR: &str = include_str!("../../../../examples/minimal-plugin/examples/vendor.rs");
const SAMPLES: &str = include_str!("../../../../examples/minimal-plugin/kit.json");

/// Where the SDK lies in the project.
const SDK: &str = "plugins/provider-sdk";

/// Words that are no names of vendors: Rust's own, and the project's.
const NAMES_TAKEN: [&str; 10] =
    ["sdk", "mock", "test", "crate", "self", "super", "core", "std", "alloc", "ring4"];

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct New {
    /// The vendor: lower-case letters, digits and `-`, such as `demo-vendor`
    name: String,
    /// The folder the new one is made in [default: `plugins` of the project one stands in, else
    /// here]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The SDK: its folder or a git address [default: the project one stands in or runs from]
    #[arg(long, value_name = "PATH-OR-URL")]
    sdk: Option<String>,
}

/// How the new crate finds the SDK.
enum Home {
    /// A member of the project's workspace.
    Member { root: PathBuf },
    /// A crate of its own.
    Own { dependency: String },
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        check_name(&self.name)?;
        let here = std::env::current_dir().context("looking for the working folder")?;
        let home = self.home(&here)?;
        let parent = match (&self.dir, &home) {
            (Some(dir), _) => dir.clone(),
            (None, Home::Member { root }) => root.join("plugins"),
            (None, Home::Own { .. }) => here,
        };
        let folder = parent.join(&self.name);
        ensure!(!folder.exists(), "{} is there already", folder.display());
        let manifest = match &home {
            Home::Member { root } => {
                let path = root.join("Cargo.toml");
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))?;
                let joined = join(&text, &self.name)
                    .with_context(|| format!("{} lists no members", path.display()))?;
                Some((path, joined))
            }
            Home::Own { .. } => None,
        };
        for (name, text) in files(&self.name, &home) {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        if let Some((path, text)) = manifest {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        writeln!(std::io::stdout(), "{}", farewell(&self.name, &folder, &home))?;
        Ok(ExitCode::SUCCESS)
    }

    fn home(&self, here: &Path) -> anyhow::Result<Home> {
        let is_root = |folder: &&Path| folder.join(SDK).join("Cargo.toml").is_file();
        if let Some(sdk) = &self.sdk {
            if sdk.contains("://") || sdk.starts_with("git@") {
                return Ok(Home::Own { dependency: format!("git = \"{sdk}\"") });
            }
            let path = fs::canonicalize(sdk).with_context(|| format!("the SDK at {sdk}"))?;
            ensure!(path.join("Cargo.toml").is_file(), "{} is no crate", path.display());
            return Ok(Home::Own {
                dependency: format!("path = {:?}", path.display().to_string()),
            });
        }
        let from_here = here.ancestors().find(is_root).map(Path::to_path_buf);
        if let (Some(root), None) = (&from_here, &self.dir) {
            return Ok(Home::Member { root: root.clone() });
        }
        // A program that was built here lies in the project's target folder.
        let program = std::env::current_exe().unwrap_or_default();
        let from_program = || program.ancestors().find(is_root).map(Path::to_path_buf);
        match from_here.or_else(from_program) {
            Some(root) => {
                let sdk = root.join(SDK).display().to_string();
                Ok(Home::Own { dependency: format!("path = {sdk:?}") })
            }
            None => bail!("where is the SDK? Name its folder or its git address with --sdk"),
        }
    }
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = name.starts_with(|char: char| char.is_ascii_lowercase()) && !name.ends_with('-');
    ensure!(
        (2..=24).contains(&name.len()) && name.bytes().all(plain) && edges && !name.contains("--"),
        "`{name}` is no name for a plugin: 2 to 24 lower-case letters, digits and single `-` \
         between them, a letter first"
    );
    ensure!(!NAMES_TAKEN.contains(&name), "`{name}` is taken");
    Ok(())
}

/// The name as a Rust type.
fn type_name(name: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
    };
    name.split('-').map(|part| -> String { capital(part) }).collect()
}

fn stem(name: &str) -> String {
    format!("provider_{}", name.replace('-', "_"))
}

fn files(name: &str, home: &Home) -> Vec<(&'static str, String)> {
    vec![
        ("Cargo.toml", cargo_toml(name, home)),
        ("src/lib.rs", library(name)),
        ("examples/vendor.rs", VENDOR.to_owned()),
        ("kit.json", SAMPLES.replace("the invented vendor", name)),
        ("README.md", readme(name, home)),
        (".gitignore", "/target\nCargo.lock\n".to_owned()),
    ]
}

fn cargo_toml(name: &str, home: &Home) -> String {
    let package = format!("[package]\nname = \"provider-{name}\"\ndescription = \"{name}\"\n");
    let library = "[lib]\n# The engine loads the first, tests link the second.\n\
        crate-type = [\"cdylib\", \"rlib\"]\n";
    match home {
        Home::Member { .. } => format!(
            "{package}version.workspace = true\nedition.workspace = true\n\
             rust-version.workspace = true\nlicense.workspace = true\n\
             publish.workspace = true\n\n{library}\n[dependencies]\n\
             ring4-provider-sdk.workspace = true\nserde.workspace = true\n\
             serde_json.workspace = true\n\n[lints]\nworkspace = true\n"
        ),
        Home::Own { dependency } => format!(
            "{package}version = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.90\"\n\
             publish = false\n\n{library}\n[dependencies]\n\
             ring4-provider-sdk = {{ {dependency} }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\n\
             # A workspace of its own, wherever it lies. `panic` must stay \"unwind\".\n\
             [workspace]\n"
        ),
    }
}

/// The example with the vendor's name in it.
fn library(name: &str) -> String {
    let code: String = LIB
        .lines()
        .skip_while(|line| line.starts_with("//!"))
        .map(|line| format!("{line}\n"))
        .collect();
    let code = code
        .replace("Acme", &type_name(name))
        .replace("acme.example", &format!("{name}.example"))
        .replace("acme", &name.replace('-', "_"))
        .replace("Manifest::new(\"minimal\"", &format!("Manifest::new(\"{name}\""));
    format!(
        "//! The vendor `{name}`. It is invented until you replace it: it takes form fields, wants \
         its\n//! key in a header and answers JSON: `POST /buy`, `POST /order`, `POST /cancel`,\n\
         //! `GET /balance`, `GET /price`.\n{code}"
    )
}

fn readme(name: &str, home: &Home) -> String {
    let file = format!("target/debug/lib{}.so", stem(name));
    let (build, crate_flag, samples) = match home {
        Home::Member { .. } => {
            ("cargo build", format!(" -p provider-{name}"), format!("plugins/{name}/kit.json"))
        }
        Home::Own { .. } => ("cargo build", String::new(), "kit.json".to_owned()),
    };
    let variable = name.replace('-', "_").to_ascii_uppercase();
    format!(
        "# {name}\n\n\
         A vendor plugin for ring4. The guide is `plugins/provider-sdk/README.md` of the\n\
         engine.\n\n\
         ```sh\n\
         {build}{crate_flag}\n\
         cargo test{crate_flag}\n\
         ring4 plugin inspect {file}\n\
         ring4 plugin test {file} --samples {samples}\n\
         # The vendor on this machine, and a shop that buys from it:\n\
         cargo run{crate_flag} --example vendor &\n\
         ring4 demo --plugin {file} --vendor-url http://127.0.0.1:8799\n\
         ```\n\n\
         For real: put the library into the folder of the engine's plugins, and into\n\
         config.yaml\n\n\
         ```yaml\n\
         providers:\n  {name}:\n    enabled: auto\n    secrets:\n\
         \x20     api_key: ${{{variable}_API_KEY}}\n\
         ```\n"
    )
}

/// The project's manifest with the plugin among its members; `None` where it lists none.
fn join(manifest: &str, name: &str) -> Option<String> {
    let row = format!("    \"plugins/{name}\",\n");
    let mut joined = String::new();
    let (mut inside, mut lists) = (false, 0);
    for line in manifest.lines() {
        if line == "members = [" || line == "default-members = [" {
            inside = true;
        } else if inside && line == "]" {
            joined.push_str(&row);
            (inside, lists) = (false, lists + 1);
        }
        joined.push_str(line);
        joined.push('\n');
    }
    (lists == 2).then_some(joined)
}

fn farewell(name: &str, folder: &Path, home: &Home) -> String {
    let next = match home {
        Home::Member { .. } => "cargo build".to_owned(),
        Home::Own { .. } => format!("cd {} && cargo build", folder.display()),
    };
    let readme = folder.join("README.md");
    format!("wrote {}\nnext: {next}; then see {} ({name})", folder.display(), readme.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["demo-vendor", "ab", "sms4you", "a1-b2"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "a".repeat(25);
        for name in [
            "",
            "a",
            "4you",
            "Demo",
            "demo_vendor",
            "-demo",
            "demo-",
            "a--b",
            "../x",
            "é1",
            "sdk",
            &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(
            (type_name("demo-vendor2").as_str(), stem("demo-vendor").as_str()),
            ("DemoVendor2", "provider_demo_vendor",)
        );
    }

    #[test]
    fn the_example_takes_the_name_everywhere() {
        let text = library("demo-vendor");
        assert!(text.starts_with("//! The vendor `demo-vendor`."));
        assert!(text.contains("export_provider!(DemoVendor);"));
        assert!(text.contains("Manifest::new(\"demo-vendor\""));
        assert!(text.contains("https://api.demo-vendor.example"));
        for word in ["Acme", "acme", "minimal"] {
            assert!(!text.contains(word), "{word} is left in it");
        }
    }

    #[test]
    fn the_project_takes_it_among_its_members() {
        let manifest = include_str!("../../../../Cargo.toml");
        let joined = join(manifest, "demo-vendor").expect("two lists");
        assert_eq!(joined.matches("    \"plugins/demo-vendor\",\n").count(), 2);
        assert_eq!(joined.replace("    \"plugins/demo-vendor\",\n", ""), manifest);
        assert_eq!(join("[package]\nname = \"x\"\n", "demo-vendor"), None);
    }
}
