//! The commands, as far as a bridge needs them, and what comes back.

use super::rights::{self, BRIDGE, DATABASE, Right};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Site;
use serde::Deserialize;
use serde_json::{Value, json};

/// Something to be done by the plugin.
#[derive(Clone, Debug)]
pub enum Command {
    /// Makes a home's role.
    CreateRole(Site),
    /// Takes it away; whoever has it is cut.
    DeleteRole(Site),
    /// Makes a home's client, which has its role and is not disabled.
    CreateClient {
        /// Whose.
        site: Site,
        /// To connect with.
        password: Secret,
        /// Says later which password that is.
        tag: String,
    },
    /// Gives a home's role the rights of this version.
    ModifyRole(Site),
    /// Gives a home's client its role, and a password with its tag where there is a new one; cuts its sessions.
    ModifyClient {
        /// Whose.
        site: Site,
        /// To connect with, and what says later which password that is.
        password: Option<(Secret, String)>,
    },
    /// Lets it connect again.
    EnableClient(String),
    /// Cuts its sessions and lets it connect no more.
    DisableClient(String),
    /// Cuts its sessions and forgets it.
    DeleteClient(String),
    /// Tells what is known of it.
    GetClient(Site),
    /// Tells what is known of a role.
    GetRole(&'static str),
    /// Says for the first time to which database the broker belongs.
    NameDatabase(String),
    /// Says that it belongs to another one now.
    RenameDatabase(String),
    /// Gives the bridges these rights and no others.
    ModifyBridges(Vec<Right>),
    /// Cuts all bridges, this one as well; they may come again.
    CutBridges,
    /// Lists clients by name.
    ListClients {
        /// How many at most.
        count: usize,
        /// How many to leave out.
        offset: usize,
    },
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no connection to the broker, or none any more.
    #[error("the broker is not connected")]
    Offline,
    /// Nobody answered.
    #[error(
        "the broker's dynamic security does not answer; is the plugin loaded, and may this bridge use it?"
    )]
    Silent,
    /// What was to be made is there already.
    #[error("it is there already")]
    Exists,
    /// What it is about is not there.
    #[error("it is not there")]
    NotFound,
    /// Its homes are none of this bridge's business.
    #[error("the broker belongs to another database")]
    Foreign,
    /// Somebody else has the name.
    #[error("the broker has a client of this name that is no home's; give one of the two another name")]
    Taken,
    /// The plugin said something else.
    #[error("the broker's dynamic security says: {0}")]
    Refused(String),
}

/// A client as the plugin lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Client {
    /// Its name.
    pub username: String,
    /// Which password it has, where a bridge made it.
    #[serde(default, rename = "textname")]
    pub tag: String,
    /// Whether it may not connect.
    #[serde(default)]
    pub disabled: bool,
    /// Which rights its role has got.
    #[serde(default, rename = "textdescription")]
    rights: String,
    #[serde(default)]
    roles: Vec<RoleName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct RoleName {
    rolename: String,
}

/// A role as the plugin tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    /// What was written beside it.
    #[serde(default, rename = "textname")]
    pub text: String,
    /// What it may do.
    #[serde(default, rename = "acls")]
    pub rights: Vec<Right>,
}

impl Role {
    /// Those of `needed` that it doesn't have.
    pub fn lacks(&self, needed: &[Right]) -> Vec<Right> {
        let has = |right: &Right| self.rights.iter().any(|own| own.is(right));
        needed.iter().filter(|right| !has(right)).cloned().collect()
    }
}

impl Client {
    /// Whether it is a home's and nothing else.
    pub fn is_home(&self) -> bool {
        !self.roles.is_empty() && self.roles.iter().all(|role| rights::is_home_role(&role.rolename))
    }

    /// Whether it has just the role of this home.
    pub fn is_home_of(&self, site: &Site) -> bool {
        matches!(&self.roles[..], [role] if role.rolename == rights::home_role(site))
    }

    /// Whether that role has the rights of this version.
    pub fn has_rights(&self) -> bool {
        self.rights == rights::homes_rights()
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Clients {
    /// How many there are in all.
    #[serde(rename = "totalCount")]
    pub total: usize,
    /// Those of this page.
    pub clients: Vec<Client>,
}

impl Command {
    /// Whether somebody may do less after it than before, or has to prove anew who he is.
    pub fn withdraws(&self) -> bool {
        matches!(
            self,
            Self::ModifyClient { .. } | Self::DisableClient(_) | Self::DeleteClient(_) | Self::DeleteRole(_)
        )
    }

    /// As the plugin takes it. `mark` comes back with the answer.
    pub(super) fn encode(&self, mark: &str) -> Value {
        let role = |site: &Site| json!([{"rolename": rights::home_role(site)}]);
        let mut command = match self {
            Self::CreateRole(site) => {
                json!({"command": "createRole", "rolename": rights::home_role(site), "acls": rights::of_home(site)})
            }
            Self::DeleteRole(site) => json!({"command": "deleteRole", "rolename": rights::home_role(site)}),
            Self::ModifyRole(site) => {
                json!({"command": "modifyRole", "rolename": rights::home_role(site), "acls": rights::of_home(site)})
            }
            Self::CreateClient { site, password, tag } => json!({
                "command": "createClient", "username": site.as_str(), "textname": tag, "roles": role(site),
                "textdescription": rights::homes_rights(), "password": password.expose(),
            }),
            Self::ModifyClient { site, password } => {
                let mut command = json!({
                    "command": "modifyClient", "username": site.as_str(), "roles": role(site),
                    "textdescription": rights::homes_rights(),
                });
                if let Some((password, tag)) = password {
                    command["password"] = password.expose().into();
                    command["textname"] = tag.as_str().into();
                }
                command
            }
            Self::EnableClient(name) => json!({"command": "enableClient", "username": name}),
            Self::DisableClient(name) => json!({"command": "disableClient", "username": name}),
            Self::DeleteClient(name) => json!({"command": "deleteClient", "username": name}),
            Self::GetClient(site) => json!({"command": "getClient", "username": site.as_str()}),
            Self::GetRole(name) => json!({"command": "getRole", "rolename": name}),
            Self::NameDatabase(name) => {
                json!({"command": "createRole", "rolename": DATABASE, "textname": name})
            }
            Self::RenameDatabase(name) => {
                json!({"command": "modifyRole", "rolename": DATABASE, "textname": name})
            }
            Self::ModifyBridges(rights) => {
                json!({"command": "modifyRole", "rolename": BRIDGE, "acls": rights})
            }
            Self::CutBridges => {
                json!({"command": "modifyClient", "username": BRIDGE, "textdescription": "its rights are up to date"})
            }
            Self::ListClients { count, offset } => {
                json!({"command": "listClients", "verbose": true, "count": count, "offset": offset})
            }
        };
        command["correlationData"] = mark.into();
        command
    }
}

/// One command's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "correlationData")]
    mark: Option<String>,
    error: Option<String>,
    #[serde(default)]
    data: Value,
}

impl Answer {
    fn result(self) -> Result<Value, Fault> {
        let Some(error) = self.error else { return Ok(self.data) };
        Err(match error {
            error if error.ends_with("already exists") => Fault::Exists,
            error if error.ends_with("not found") => Fault::NotFound,
            error => Fault::Refused(error),
        })
    }
}

/// The outcomes in one message, each with the mark of its command; those that are not for this bridge too.
pub fn answered(message: &[u8]) -> impl Iterator<Item = (Option<String>, Result<Value, Fault>)> {
    #[derive(Deserialize)]
    struct Answers {
        responses: Vec<Answer>,
    }
    let answers = serde_json::from_slice(message).map_or_else(|_| Vec::new(), |all: Answers| all.responses);
    answers.into_iter().map(|mut answer: Answer| (answer.mark.take(), answer.result()))
}
