//! What a path asks for.

use remoteaccess_protocol::{Endpoint, Format};

/// An endpoint of emoncms behind a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// What to ask.
    pub endpoint: Endpoint,
    /// In which format.
    pub format: Format,
    /// Whether it was asked as the cloud of 2018–2021 did, whose callers expect its answers.
    pub old_route: bool,
}

impl Target {
    /// Reads `/<controller>/<action>[/<subaction>][.json|.csv|.txt]`, or the same behind `/remoteaccess`.
    ///
    /// `None` for everything that is not relayed. Nothing is decoded: what needs escaping is no name.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let inner = path.strip_prefix("remoteaccess/").filter(|inner| inner.contains('/'));
        let path = inner.unwrap_or(path);
        let (path, format) = match path.rsplit_once('.') {
            Some((path, extension)) => (path, Format::parse(extension)?),
            None => (path, Format::default()),
        };
        let endpoint = Endpoint::parse(path)?;
        // The controller `-` is this bridge itself.
        let relayed = !endpoint.is_never_relayed() && endpoint.controller != "-";
        relayed.then_some(Self { endpoint, format, old_route: inner.is_some() })
    }

    /// A name for the answer as a file.
    pub fn file_name(&self, extension: &str) -> String {
        let Endpoint { controller, action, subaction } = &self.endpoint;
        let subaction = subaction.as_ref().map(|part| format!("-{part}")).unwrap_or_default();
        format!("{controller}-{action}{subaction}.{extension}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        Target::parse(path).map(|target| {
            let old = if target.old_route { "old " } else { "" };
            format!("{old}{} {}", target.endpoint, target.format.extension())
        })
    }

    #[test]
    fn emoncms_paths_are_read() {
        for (path, expected) in [
            ("/feed/list.json", "feed/list json"),
            ("/feed/list", "feed/list json"),
            ("/feed/csvexport.csv", "feed/csvexport csv"),
            ("/time/local.txt", "time/local txt"),
            ("/input/process/set.json", "input/process/set json"),
            ("/user/getuuid.json", "user/getuuid json"),
            ("/remoteaccess/feed/list", "old feed/list json"),
            ("/remoteaccess/input/process/get.json", "old input/process/get json"),
        ] {
            assert_eq!(read(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for path in [
            "/",
            "/feed",
            "/feed/",
            "/feed/list/",
            "//feed/list",
            "/feed//list",
            "/feed/list.html",
            "/feed/list.JSON",
            "/feed/list.json.json",
            "/feed.json/list",
            "/feed/list.",
            "/feed/a/b/c",
            "/feed/%6cist.json",
            "/feed/li st",
            "/feed/../admin/view",
            "/admin/view.json",
            "/Admin/view",
            "/user/auth.json",
            "/user/login",
            "/feed/api.json",
            "/remoteaccess/view",
            "/remoteaccess/admin/view",
            "/remoteaccess/remoteaccess/view",
            "/remoteaccess/feed/api",
            "/-/anything",
            "/-/session/x",
            "/remoteaccess/-/session",
            "/favicon.ico",
            "",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
