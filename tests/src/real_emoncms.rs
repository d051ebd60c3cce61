//! An unmodified emoncms with its database and web server, where the machine has one to start.

use crate::binaries;
use crate::keeper::Keeper;
use crate::ports;
use crate::routes_seen::RoutesSeen;
use crate::standin::Keys;
use std::path::{Path, PathBuf};

/// A running emoncms. Dropping it ends it.
#[derive(Debug)]
pub struct RealEmoncms {
    settings: Vec<(String, String)>,
    keeper: Keeper,
}

impl RealEmoncms {
    /// Starts the emoncms in the folder that `EMONCMS_SRC` names; `None`, with a word about it, where that is not set.
    /// Who drops this before it is done leaves nothing behind either.
    pub async fn start(what_for: &str) -> Option<Self> {
        let Some(_) = std::env::var_os("EMONCMS_SRC").filter(|folder| !folder.is_empty()) else {
            std::eprintln!("skipped: {what_for} (EMONCMS_SRC is not set)");
            return None;
        };
        let script = script();
        assert!(script.is_file(), "EMONCMS_SRC is set, but there is no {}", script.display());
        let mut settings =
            ["HTTP_PORT", "DB_PORT", "REDIS_PORT"].map(|name| (name, ports::free().to_string())).to_vec();
        settings
            .extend([("FEEDS", "6"), ("DAYS", "3"), ("FPM_CHILDREN", "10")].map(|(k, v)| (k, v.to_owned())));
        let mut keeper = Keeper::new(&script, &settings);
        let log = keeper.started().await;
        let lines = log.lines().filter_map(|line| line.split_once('='));
        let settings = lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Some(Self { settings, keeper })
    }

    /// Where it is, as the agent's configuration names it.
    pub fn url(&self) -> String {
        self.setting("BASE_URL").trim_end_matches('/').to_owned()
    }

    /// The keys of its user.
    pub fn keys(&self) -> Keys {
        Keys { read: self.setting("APIKEY_READ").to_owned(), write: self.setting("APIKEY_WRITE").to_owned() }
    }

    /// From now on, notes which route each request takes.
    pub fn watch_routes(&self) -> RoutesSeen {
        let folder = self.keeper.folder();
        let seen = RoutesSeen::put(&folder.join("www/emoncms"), folder.join("routes.seen"));
        seen.expect("the copy of emoncms can be changed")
    }

    /// One of the lines that the script prints.
    pub fn setting(&self, key: &str) -> &str {
        let found = self.settings.iter().find(|(name, _)| name == key);
        &found.unwrap_or_else(|| panic!("the script says no {key}")).1
    }
}

fn script() -> PathBuf {
    let beside = |folder: &Path| folder.join("../shared/real-emoncms.sh");
    std::env::var_os("EMONCMS_SCRIPT").map_or_else(|| beside(binaries::project_root()), PathBuf::from)
}
