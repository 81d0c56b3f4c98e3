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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_address_names_its_delivery_and_cannot_be_made_up() {
        let sender: Address = "bounces@kundo.example".parse().unwrap();
        let address = |secret: u8, delivery| {
            let installation = Installation { name: "a".to_owned(), secret: vec![secret; 32] };
            Number { installation: &installation, delivery }.bounce_address(&sender)
        };
        let of_delivery = address(1, 42);
        assert!(of_delivery.starts_with("bounces+d42.") && of_delivery.ends_with("@kundo.example"), "{of_delivery}");
        assert_eq!(of_delivery, address(1, 42));
        assert_ne!(of_delivery.replace("d42", "d43"), address(1, 43));
        assert_ne!(of_delivery, address(2, 42), "another installation signs in another way");
        assert!(of_delivery.parse::<Address>().is_ok());
    }
}
