//! The bridges' own role, which an earlier version of this program may have made.

use super::Provisioner;
use crate::dynsec::{BRIDGE, Command, Fault, Role, of_bridge};
use serde::Deserialize;

#[derive(Deserialize)]
struct Found {
    role: Role,
}

impl Provisioner {
    /// Gives bridges the rights that this version needs, if they lack one; true where they did. None is taken away, as a
    /// bridge of another version may need it. Their sessions are cut once, so that they subscribe anew.
    ///
    /// # Errors
    /// Where the broker does not take it.
    pub async fn mend_bridges(&self) -> Result<bool, Fault> {
        let role = match self.bridges().await {
            // The operator has another way.
            Err(Fault::NotFound) => return Ok(false),
            found => found?,
        };
        let lacks = role.lacks(&of_bridge());
        if lacks.is_empty() {
            return Ok(false);
        }
        let rights = role.rights.into_iter().chain(lacks).collect();
        self.control.run(Command::ModifyBridges(rights)).await?;
        // Otherwise they would be cut again and again.
        if !self.bridges().await?.lacks(&of_bridge()).is_empty() {
            return Err(Fault::Refused("bridges have their rights; but they still lack some".into()));
        }
        tracing::info!("bridges have all the rights at the broker that this version needs, and connect anew");
        // It cuts this connection too, so nobody answers.
        self.control.run(Command::CutBridges).await.ok();
        Ok(true)
    }

    async fn bridges(&self) -> Result<Role, Fault> {
        let Found { role } = self.control.ask(Command::GetRole(BRIDGE)).await?;
        Ok(role)
    }
}
