//! Certificates made on the spot: an authority, and a server certificate that it signed.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Where an authority's and a server's files lie.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate, for those who connect.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

/// The names under which the broker is reached here.
pub const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];

/// Makes a new authority and a server certificate for `names`, in `folder`.
pub fn make(folder: &Path, names: &[&str]) -> Certificates {
    make_between(folder, names, rcgen::date_time_ymd(1975, 1, 1), rcgen::date_time_ymd(4096, 1, 1))
}

/// As [`make`], where the authority is to be trusted for ever, but the server's certificate expired long ago.
pub fn make_expired(folder: &Path, names: &[&str]) -> Certificates {
    make_between(folder, names, rcgen::date_time_ymd(1975, 1, 1), rcgen::date_time_ymd(2020, 1, 1))
}

/// As [`make`], where the server's certificate is not valid yet: what a home sees whose clock is behind.
pub fn make_early(folder: &Path, names: &[&str]) -> Certificates {
    make_between(folder, names, rcgen::date_time_ymd(4000, 1, 1), rcgen::date_time_ymd(4096, 1, 1))
}

fn make_between(
    folder: &Path,
    names: &[&str],
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Certificates {
    let key = || KeyPair::generate().expect("ECDSA keys can be made");

    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "emoncms remote access test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = key();
    let authority_certificate = authority.self_signed(&authority_key).expect("the parameters are valid");

    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut server = CertificateParams::new(names).expect("the names are valid");
    server.not_before = not_before;
    server.not_after = not_after;
    let server_key = key();
    let issuer = Issuer::new(authority, authority_key);
    let server_certificate = server.signed_by(&server_key, &issuer).expect("the parameters are valid");

    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the temporary folder is writable");
        path
    };
    Certificates {
        ca: write("ca.crt", &authority_certificate.pem()),
        certificate: write("server.crt", &server_certificate.pem()),
        key: write("server.key", &server_key.serialize_pem()),
    }
}
