//! Which part of emoncms' API a request asks for.

use crate::is_name;
use std::fmt;

/// `controller/action[/subaction]`, each part a name. The order is that of emoncms' URLs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// emoncms' module.
    pub controller: String,
    /// What the module is asked to do.
    pub action: String,
    /// A further step, as in `input/process/set`.
    pub subaction: Option<String>,
}

impl Endpoint {
    /// Checks the parts; an empty `subaction` is none.
    pub fn new(controller: &str, action: &str, subaction: &str) -> Option<Self> {
        let subaction = Some(subaction).filter(|part| !part.is_empty());
        let fine = is_name(controller) && is_name(action) && subaction.is_none_or(is_name);
        fine.then(|| Self {
            controller: controller.to_owned(),
            action: action.to_owned(),
            subaction: subaction.map(str::to_owned),
        })
    }

    /// Reads `controller/action[/subaction]`.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.splitn(3, '/');
        let (controller, action) = (parts.next()?, parts.next()?);
        match parts.next() {
            None => Self::new(controller, action, ""),
            Some("") => None,
            Some(subaction) => Self::new(controller, action, subaction),
        }
    }

    /// Whether no access list can allow this endpoint: administration, key handling, this system's own page, and
    /// pages that show keys (emoncms below 11.16.8 shows the write key on `*/api`, emoncms#2004).
    ///
    /// The case is ignored: what one file system takes for another name may be the same on the next.
    ///
    /// Neither are steps relayed that begin with `emoncms`: where emoncms is installed in a folder of that name, its router cuts
    /// `/emoncms` out of wherever it stands, and `feed/a/emoncmspi` becomes `feed/api`.
    pub fn is_never_relayed(&self) -> bool {
        const CONTROLLERS: [&str; 7] =
            ["admin", "remoteaccess", "config", "backup", "setup", "network", "wifi"];
        const USER_ACTIONS: [&str; 5] = ["session", "timezone", "gettimezone", "gettimezones", "getuuid"];
        const FOLDER: &str = "emoncms";
        let among = |name: &str, list: &[&str]| list.iter().any(|entry| entry.eq_ignore_ascii_case(name));

        let cut_by_the_router =
            |step: &str| step.get(..FOLDER.len()).is_some_and(|start| start.eq_ignore_ascii_case(FOLDER));

        among(&self.controller, &CONTROLLERS)
            || self.action.eq_ignore_ascii_case("api")
            || (self.controller.eq_ignore_ascii_case("user") && !among(&self.action, &USER_ACTIONS))
            || cut_by_the_router(&self.action)
            || self.subaction.as_deref().is_some_and(cut_by_the_router)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.controller, self.action)?;
        self.subaction.as_ref().map_or(Ok(()), |subaction| write!(f, "/{subaction}"))
    }
}

/// The answer's format: what stands behind the dot in emoncms' URLs. Pages (`html`) are never relayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `.json`
    #[default]
    Json,
    /// `.csv`
    Csv,
    /// `.txt`
    Txt,
}

impl Format {
    /// Reads an extension without its dot.
    pub fn parse(extension: &str) -> Option<Self> {
        match extension {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "txt" => Some(Self::Txt),
            _ => None,
        }
    }

    /// The extension without its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Txt => "txt",
        }
    }
}
