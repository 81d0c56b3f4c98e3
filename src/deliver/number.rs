//! The identity of a delivery outside of Mailferry: the same for every attempt, and not to be guessed where it gives a right.

use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::store::Installation;
use crate::vault::hex;

/// The number of a delivery, as targets know it.
#[derive(Clone, Copy)]
pub struct Number<'a> {
    pub installation: &'a Installation,
    pub delivery: i64,
}

impl Number<'_> {
    /// The stable id: in the trace headers, and as `webhook-id`.
    pub fn id(self) -> String {
        format!("{}-{}", self.installation.name, self.delivery)
    }

    /// An envelope sender from which a bounce can be traced to its delivery (VERP).
    pub fn bounce_address(self, sender: &Address) -> String {
        let (local, domain) = sender.as_str().rsplit_once('@').unwrap_or((sender.as_str(), ""));
        format!("{local}+d{}.{}@{domain}", self.delivery, self.signature())
    }

    /// 48 bits that only this installation can compute.
    fn signature(self) -> String {
        let digest = Sha256::new()
            .chain_update(&self.installation.secret)
            .chain_update(b"bounce")
            .chain_update(self.delivery.to_be_bytes())
            .finalize();
        hex(digest.get(..6).unwrap_or_default())
    }
}

/// The delivery that an address names, if it is a bounce address of this installation.
pub fn bounced(recipient: &str, sender: &Address, installation: &Installation) -> Option<i64> {
    let (local, domain) = recipient.rsplit_once('@')?;
    let (base, own_domain) = sender.as_str().rsplit_once('@')?;
    let (number, _) = local.strip_prefix(base)?.strip_prefix("+d")?.split_once('.')?;
    let delivery = number.parse().ok()?;
    let expected = Number { installation, delivery }.bounce_address(sender);
    (domain.eq_ignore_ascii_case(own_domain) && expected.eq_ignore_ascii_case(recipient)).then_some(delivery)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_address_names_its_delivery_and_cannot_be_made_up() {
        let installation = Installation { name: "a".to_owned(), secret: vec![1; 32] };
        let other = Installation { name: "a".to_owned(), secret: vec![2; 32] };
        let sender: Address = "bounces@kundo.example".parse().unwrap();
        let address = Number { installation: &installation, delivery: 42 }.bounce_address(&sender);
        assert!(address.starts_with("bounces+d42.") && address.ends_with("@kundo.example"), "{address}");
        assert_eq!(bounced(&address, &sender, &installation), Some(42));
        assert_eq!(bounced(&address.to_uppercase().replace("BOUNCES", "bounces").replace("+D", "+d"), &sender, &installation), Some(42));
        for wrong in [
            address.replace("d42", "d43"),
            address.replace("kundo", "other"),
            "bounces@kundo.example".to_owned(),
            "bounces+d42@kundo.example".to_owned(),
        ] {
            assert_eq!(bounced(&wrong, &sender, &installation), None, "{wrong}");
        }
        assert_eq!(bounced(&address, &sender, &other), None);
    }
}
