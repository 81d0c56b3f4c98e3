//! The scripted name server, seen by `hickory-resolver`.

use std::net::{IpAddr, Ipv4Addr};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::RecordType,
};

use crate::support::name_server::{MX, NameServer, TXT};

fn resolver(port: u16) -> TokioResolver {
    let mut udp = ConnectionConfig::udp();
    udp.port = port;
    let server = NameServerConfig::new(IpAddr::from(Ipv4Addr::LOCALHOST), true, vec![udp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
}

/// The records of a name, as the resolver shows them.
async fn look_up(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Vec<String>, NetError> {
    let found = resolver.lookup(name, kind).await?;
    Ok(found.answers().iter().map(|record| record.data.to_string()).collect())
}

#[test]
fn it_answers_with_records_and_with_each_kind_of_failure() {
    let names = NameServer::start();
    let many: Vec<(u16, String)> = (0..20).map(|n| (n, format!("mx{n}.kundo.se"))).collect();
    let many: Vec<(u16, &str)> = many.iter().map(|(preference, host)| (*preference, host.as_str())).collect();
    names.mx("kundo.se", &many);
    names.mx("quiet.se", &[(0, "")]);
    names.address("mx1.kundo.se", "127.0.0.2");
    names.txt("_mta-sts.kundo.se", "v=STSv1; id=20260101;");
    names.fail("broken.se");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let resolver = resolver(names.port);
        let found = look_up(&resolver, "kundo.se.", RecordType::MX).await.unwrap();
        assert_eq!((found.len(), found[1].as_str()), (20, "1 mx1.kundo.se."));
        assert_eq!(look_up(&resolver, "quiet.se.", RecordType::MX).await.unwrap(), ["0 ."]);
        assert_eq!(look_up(&resolver, "mx1.kundo.se.", RecordType::A).await.unwrap(), ["127.0.0.2"]);
        let text = look_up(&resolver, "_mta-sts.kundo.se.", RecordType::TXT).await.unwrap();
        assert_eq!(text, ["v=STSv1; id=20260101;"]);
        let error = look_up(&resolver, "mx1.kundo.se.", RecordType::MX).await.unwrap_err();
        assert!(error.is_no_records_found() && !error.is_nx_domain(), "{error}");
        let error = look_up(&resolver, "no-such.se.", RecordType::MX).await.unwrap_err();
        assert!(error.is_nx_domain(), "{error}");
        let error = look_up(&resolver, "broken.se.", RecordType::MX).await.unwrap_err();
        assert!(!error.is_no_records_found() && error.to_string().contains("Server Failure"), "{error}");
        names.recover("broken.se");
        names.forget("kundo.se");
        for name in ["broken.se.", "KUNDO.se."] {
            resolver.clear_cache();
            assert!(look_up(&resolver, name, RecordType::MX).await.unwrap_err().is_nx_domain(), "{name}");
        }
    });
    let asked = names.queries();
    assert!(asked.contains(&("kundo.se".to_owned(), MX)), "{asked:?}");
    assert!(asked.contains(&("_mta-sts.kundo.se".to_owned(), TXT)), "{asked:?}");
}
