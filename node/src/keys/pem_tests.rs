//! Our key files and OpenSSL's, in both directions; files that are something else; files made to harm.

use std::process::{Command, Output};

use pkcs8::EncryptedPrivateKeyInfo;
use pkcs8::der::asn1::OctetString;
use proptest::prelude::*;

use super::*;

const SEED: [u8; 32] = [0x42; 32];

fn said<T>(result: Result<T, KeyError>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

/// Whether `openssl` is on the path; where every tool is required, its absence fails the test.
fn openssl_is_here() -> bool {
    let here = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    let required = std::env::var("NANDUTI_TEST_REQUIRE").is_ok_and(|value| value == "all");
    assert!(here || !required, "NANDUTI_TEST_REQUIRE=all, and there is no openssl on the path");
    if !here {
        eprintln!("skipped: there is no openssl on the path");
    }
    here
}

fn openssl(dir: &tempfile::TempDir, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(dir.path()).output().unwrap()
}

fn openssl_ok(dir: &tempfile::TempDir, arguments: &[&str]) -> Vec<u8> {
    let output = openssl(dir, arguments);
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The public key as OpenSSL derives it from a private key file: the last 32 bytes of its SubjectPublicKeyInfo.
fn public_by_openssl(dir: &tempfile::TempDir, arguments: &[&str]) -> [u8; 32] {
    let der = openssl_ok(dir, &[&["pkey", "-pubout", "-outform", "DER"], arguments].concat());
    der[der.len() - 32..].try_into().unwrap()
}

fn public_of(seed: &[u8; 32]) -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

fn encrypted_with(kdf: pbes2::Kdf) -> String {
    let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
    let info = EncryptedPrivateKeyInfo {
        encryption_algorithm: pbes2::Parameters { kdf, encryption }.into(),
        encrypted_data: OctetString::new(vec![0; 48]).unwrap(),
    };
    let document = SecretDocument::try_from(&info).unwrap();
    document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap().to_string()
}

fn scrypt_with(n: u64, r: u16, p: u16) -> String {
    let salt = [0; 16].as_slice().try_into().unwrap();
    let scrypt = pbes2::ScryptParams { salt, cost_parameter: n, block_size: r, parallelization: p, key_length: None };
    encrypted_with(scrypt.into())
}

fn pbkdf2_with(rounds: u32, prf: pbes2::Pbkdf2Prf) -> String {
    let salt = [0; 16].as_slice().try_into().unwrap();
    encrypted_with(pbes2::Pbkdf2Params { salt, iteration_count: rounds, key_length: None, prf }.into())
}

#[test]
fn a_plain_key_has_one_form() {
    // SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING seed } }: 48 bytes, version 1.
    let text = encode_plain(&SEED).unwrap();
    insta::assert_snapshot!(*text, @r#"
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC
    -----END PRIVATE KEY-----
    "#);
    assert_eq!(*decode_plain(text.as_bytes()).unwrap(), SEED);
}

#[test]
fn both_protections_come_back() {
    for protection in [Protection::Scrypt, Protection::Pbkdf2] {
        let text = encode_encrypted(&SEED, &"correct horse".into(), protection).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert_eq!(*decode_encrypted(text.as_bytes(), &"correct horse".into()).unwrap(), SEED);
        assert!(matches!(decode_encrypted(text.as_bytes(), &"correct horsf".into()), Err(KeyError::Passphrase)));
    }
}

#[test]
fn ends_of_lines_and_a_text_before_do_not_matter() {
    let text = encode_plain(&SEED).unwrap();
    assert_eq!(*decode_plain(text.replace('\n', "\r\n").as_bytes()).unwrap(), SEED);
    assert_eq!(*decode_plain(format!("Key of the node\n{}", *text).as_bytes()).unwrap(), SEED);
}

#[test]
fn openssl_reads_ours() {
    if !openssl_is_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    put("plain.pem", &encode_plain(&SEED).unwrap());
    assert_eq!(public_by_openssl(&dir, &["-in", "plain.pem"]), public_of(&SEED));
    for protection in [Protection::Scrypt, Protection::Pbkdf2] {
        put("root.pem", &encode_encrypted(&SEED, &"mañana será".into(), protection).unwrap());
        let public = public_by_openssl(&dir, &["-in", "root.pem", "-passin", "pass:mañana será"]);
        assert_eq!(public, public_of(&SEED), "{protection:?}");
        let wrong = openssl(&dir, &["pkey", "-in", "root.pem", "-passin", "pass:other"]);
        assert!(!wrong.status.success());
    }
}

#[test]
fn we_read_those_of_openssl() {
    if !openssl_is_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let get = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    openssl_ok(&dir, &["genpkey", "-algorithm", "ed25519", "-out", "plain.pem"]);
    let public = public_by_openssl(&dir, &["-in", "plain.pem"]);
    assert_eq!(public_of(&decode_plain(&get("plain.pem")).unwrap()), public);

    let ways: [&[&str]; 5] = [
        &["-scrypt"],
        &["-v2", "aes-256-cbc"],
        &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA256", "-iter", "100000"],
        &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
        &["-scrypt", "-scrypt_N", "16384", "-scrypt_r", "8", "-scrypt_p", "4"],
    ];
    for way in ways {
        let common = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "root.pem", "-passout", "pass:open sesame"];
        openssl_ok(&dir, &[&common, way].concat());
        let seed = decode_encrypted(&get("root.pem"), &"open sesame".into());
        assert_eq!(public_of(&seed.unwrap_or_else(|error| panic!("{way:?}: {error}"))), public);
    }
    let direct = ["genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:open sesame", "-out", "root.pem"];
    openssl_ok(&dir, &direct);
    decode_encrypted(&get("root.pem"), &"open sesame".into()).unwrap();
}

#[test]
fn other_things_of_openssl_are_named() {
    if !openssl_is_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let get = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    let mut seen = Vec::new();
    openssl_ok(&dir, &["genpkey", "-algorithm", "x25519", "-out", "x.pem"]);
    seen.push(said(decode_plain(&get("x.pem"))));
    openssl_ok(&dir, &["genpkey", "-algorithm", "ed448", "-out", "ed448.pem"]);
    seen.push(said(decode_plain(&get("ed448.pem"))));
    openssl_ok(&dir, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.pem"]);
    seen.push(said(decode_plain(&get("ec.pem"))));
    openssl_ok(&dir, &["pkey", "-in", "x.pem", "-pubout", "-out", "public.pem"]);
    seen.push(said(decode_plain(&get("public.pem"))));
    openssl_ok(&dir, &["genpkey", "-algorithm", "ed25519", "-out", "plain.pem"]);
    let old = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "old.pem", "-passout", "pass:x"];
    openssl_ok(&dir, &[&old[..], &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"]].concat());
    seen.push(said(decode_encrypted(&get("old.pem"), &"x".into())));
    openssl_ok(&dir, &[&old[..], &["-v2", "des3"]].concat());
    seen.push(said(decode_encrypted(&get("old.pem"), &"x".into())));
    insta::assert_snapshot!(seen.join("\n"), @r#"
    expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a private key for X25519
    expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a private key for Ed448
    expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a private key for ECDSA
    expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a public key
    it is encrypted with PBKDF2 with SHA-1, which is not accepted
    it is encrypted with triple DES, which is not accepted
    "#);
}

#[test]
fn what_is_something_else_is_named() {
    let passphrase = Passphrase::from("correct horse");
    let plain = encode_plain(&SEED).unwrap();
    let encrypted = encode_encrypted(&SEED, &passphrase, Protection::Scrypt).unwrap();
    let relabelled = |label: &str| plain.replace("PRIVATE KEY", label);
    let public_key = Some(ed25519_dalek::pkcs8::PublicKeyBytes(public_of(&SEED)));
    let version_2 = KeypairBytes { secret_key: SEED, public_key };
    let version_2 = version_2.to_pkcs8_der().unwrap().to_pem("PRIVATE KEY", LineEnding::LF).unwrap();
    let damaged = plain.replacen("MC4C", "MC4D", 1);
    let cases: Vec<(&str, String)> = vec![
        ("encrypted for plain", said(decode_plain(encrypted.as_bytes()))),
        ("plain for encrypted", said(decode_encrypted(plain.as_bytes(), &passphrase))),
        ("certificate", said(decode_plain(relabelled("CERTIFICATE").as_bytes()))),
        ("openssh", said(decode_plain(relabelled("OPENSSH PRIVATE KEY").as_bytes()))),
        ("unheard of", said(decode_plain(relabelled("COOKIE").as_bytes()))),
        ("empty", said(decode_plain(b"\n"))),
        ("text", said(decode_plain(b"my secret"))),
        ("cut", said(decode_plain(&plain.as_bytes()[..60]))),
        ("der", said(decode_plain(&[0x30, 0x82, 0xff]))),
        ("version 2", said(decode_plain(version_2.as_bytes()))),
        ("damaged", said(decode_plain(damaged.as_bytes()))),
    ];
    let text: Vec<String> = cases.into_iter().map(|(name, said)| format!("{name}: {said}")).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    encrypted for plain: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a private key that is encrypted
    plain for encrypted: expected an encrypted Ed25519 private key (PKCS#8 PEM), found a private key that is not encrypted
    certificate: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a certificate
    openssh: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a private key in the format of OpenSSH
    unheard of: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a PEM text that calls itself "COOKIE"
    empty: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found an empty file
    text: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a text that is no PEM
    cut: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found a PEM text that is damaged or cut
    der: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found bytes that are no text (DER perhaps)
    version 2: expected an unencrypted Ed25519 private key (PKCS#8 PEM), found PKCS#8 version 2, which carries a public key; version 1 is needed
    damaged: it says that it is an unencrypted Ed25519 private key (PKCS#8 PEM), but its content is damaged: PKCS#8 ASN.1 error: unexpected ASN.1 DER tag: expected INTEGER, got BIT STRING
    "#);
}

#[test]
fn a_file_cannot_choose_to_exhaust_its_reader() {
    let open = |text: String| said(decode_encrypted(text.as_bytes(), &"correct horse".into()));
    let sha256 = pbes2::Pbkdf2Prf::HmacWithSha256;
    let seen = [
        open(scrypt_with(1 << 14, 8, 1)),
        open(scrypt_with(1 << 16, 8, 2)),
        open(scrypt_with(1 << 17, 8, 1)),
        open(scrypt_with(1 << 14, 8, 100)),
        open(scrypt_with(1 << 62, u16::MAX, u16::MAX)),
        open(scrypt_with(u64::MAX, 1, 1)),
        open(scrypt_with(2, u16::MAX, u16::MAX)),
        open(scrypt_with(0, 8, 1)),
        open(scrypt_with(3, 8, 1)),
        open(scrypt_with(1 << 14, 0, 1)),
        open(scrypt_with(1 << 14, 8, 0)),
        open(pbkdf2_with(1, sha256)),
        open(pbkdf2_with(0, sha256)),
        open(pbkdf2_with(10_000_001, sha256)),
        open(pbkdf2_with(u32::MAX, sha256)),
        open(pbkdf2_with(1000, pbes2::Pbkdf2Prf::HmacWithSha1)),
    ];
    insta::assert_snapshot!(seen.join("\n"), @r#"
    the passphrase is wrong, or the file is damaged
    the passphrase is wrong, or the file is damaged
    its passphrase is stretched with scrypt (N=131072, r=8, p=1), more than is accepted; the file may have been made to harm
    its passphrase is stretched with scrypt (N=16384, r=8, p=100), more than is accepted; the file may have been made to harm
    its passphrase is stretched with scrypt (N=4611686018427387904, r=65535, p=65535), more than is accepted; the file may have been made to harm
    it is encrypted with impossible parameters of scrypt (N=18446744073709551615, r=1, p=1), which is not accepted
    its passphrase is stretched with scrypt (N=2, r=65535, p=65535), more than is accepted; the file may have been made to harm
    it is encrypted with impossible parameters of scrypt (N=0, r=8, p=1), which is not accepted
    it is encrypted with impossible parameters of scrypt (N=3, r=8, p=1), which is not accepted
    it is encrypted with impossible parameters of scrypt (N=16384, r=0, p=1), which is not accepted
    it is encrypted with impossible parameters of scrypt (N=16384, r=8, p=0), which is not accepted
    the passphrase is wrong, or the file is damaged
    it is encrypted with no rounds of PBKDF2 at all, which is not accepted
    its passphrase is stretched with 10000001 rounds of PBKDF2, more than is accepted; the file may have been made to harm
    its passphrase is stretched with 4294967295 rounds of PBKDF2, more than is accepted; the file may have been made to harm
    it is encrypted with PBKDF2 with SHA-1, which is not accepted
    "#);
}

proptest! {
    #[test]
    fn every_seed_comes_back(seed: [u8; 32]) {
        prop_assert_eq!(*decode_plain(encode_plain(&seed).unwrap().as_bytes()).unwrap(), seed);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode_plain(&bytes).is_err());
        prop_assert!(decode_encrypted(&bytes, &"x".into()).is_err());
    }

    /// Content that is near to a key: any one byte of the DER changed.
    #[test]
    fn no_changed_byte_panics(place in 0..48_usize, byte: u8) {
        let mut der = document(&SEED).unwrap().as_bytes().to_vec();
        der[place] = byte;
        let text = pkcs8::der::pem::encode_string("PRIVATE KEY", LineEnding::LF, &der).unwrap();
        if let Ok(seed) = decode_plain(text.as_bytes()) {
            prop_assert!(place >= 16 || *seed == SEED);
        }
    }

    /// No cost that a file may ask for is both accepted and large.
    #[test]
    fn every_cost_that_is_accepted_is_bounded(log_n in 0..64_u32, r: u16, p: u16) {
        let salt = [0; 16].as_slice().try_into().unwrap();
        let n = 1_u64 << log_n;
        let scrypt = pbes2::ScryptParams { salt, cost_parameter: n, block_size: r, parallelization: p, key_length: None };
        let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let accepted = check_cost(&pbes2::Parameters { kdf: scrypt.into(), encryption }.into()).is_ok();
        let memory = 128 * u128::from(r) * (u128::from(n) + u128::from(p));
        prop_assert!(!accepted || memory <= 65 * 1024 * 1024, "{n} {r} {p}");
    }
}
