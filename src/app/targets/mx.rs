//! The settings that an `mx:` target cannot have: the mail servers of a domain are used without a login or a private
//! certificate authority.

use super::{TargetRequest, invalid};
use crate::app::Error;
use crate::fact::Invalid;
use crate::store::TargetSettings;
use crate::target::MX;

/// Refuses these settings for an `mx:` target.
pub fn check(settings: &TargetSettings, request: &TargetRequest) -> Result<(), Error> {
    let has_secret = matches!(request.secret, Some(Some(_)));
    let present =
        [("username", settings.username.is_some()), ("secret", has_secret), ("ca_pem", settings.ca_pem.is_some())];
    match present.into_iter().find(|(_, is_present)| settings.url == MX && *is_present) {
        Some((setting, _)) => {
            Err(invalid(setting, Invalid::NotForTarget { setting: setting.to_owned(), kind: "mx".to_owned() }))
        }
        None => Ok(()),
    }
}
