//! Envelopes: form, signed bytes, and the corners of Ed25519 where implementations differ.

use nanduti_protocol::{
    envelope::{Envelope, EnvelopeError, Purpose, seal},
    hash::Hash,
    key::PublicKey,
};
use serde_json::{Value, json};

use super::{cbor, hex, made, refused};

const MAX: usize = 4096;
const PAYLOAD: &[u8] = b"nanduti vectors";

/// Keys and signatures over the envelope's payload that separate implementations, made with the curve's arithmetic: name,
/// valid, key, signature.
const CORNERS: [(&str, bool, &str, &str); 11] = [
    (
        "identity key",
        false,
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a0813930000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "non-canonical identity key",
        false,
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a0813930000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "order 8 key",
        false,
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b78190100000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "identity nonce",
        false,
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "01000000000000000000000000000000000000000000000000000000000000008c0fb78984418de56c0dd9c5e78785c0f824b3f1b48b881f5cc2df873ac12a04",
    ),
    (
        "non-canonical identity nonce",
        false,
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7ff523511518e268f0a6a2b52496cb5b201044121831bb8dfadeb26cb3d119cf0e",
    ),
    (
        "order 8 nonce, with cofactor",
        false,
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a41b1bc438792092979effdfaf97c0c420ded02bc1ff89c4ae419eeebba13f504",
    ),
    (
        "mixed order key, equation holds",
        true,
        "1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083",
        "b4b937fca95b2f1e93e41e62fc3c78818ff38a66096fad6e7973e5c90006d321f0073a042aaffaaa785537e8406752de75b9bf3f26fd42933b912efdb464640e",
    ),
    (
        "mixed order key, only with cofactor",
        false,
        "1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083",
        "5866666666666666666666666666666666666666666666666666666666666666683f37b1b06f15dde78f0846bb782a6ea0dcc6549040101c2afcf65348f1fe06",
    ),
    (
        "mixed order nonce, only with cofactor",
        false,
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "d0424b701d60255de5df705071059ccd22b8349bb4138202ebbd65e9e0ad211b0493b01b23c329da08ca7c9e74532f2dddf027e7aa69f011934286c79bec0f0d",
    ),
    (
        "S plus L",
        false,
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "f54dd32cc1c9d041b991db1488be97901cadc6bcbe50b1ee2738fcaa3a778c67996366edf68cc832ffb06aa5a2c375b2440e2e3fa6e5821d6e2aa1122057571e",
    ),
    (
        "key not on the curve",
        false,
        "0200000000000000000000000000000000000000000000000000000000000000",
        "f54dd32cc1c9d041b991db1488be97901cadc6bcbe50b1ee2738fcaa3a778c67ac8f7090dc29b6da28147302c4c9969d440e2e3fa6e5821d6e2aa1122057570e",
    ),
];

pub(super) fn vectors() -> Value {
    let purposes = [Purpose::Entry, Purpose::NodeKey, Purpose::PublishKey, Purpose::Card, Purpose::NodeRecord];
    let lengths = [0, 1, 23, 24, 255, 256, 3000];
    let mut valid: Vec<Value> = purposes.iter().map(|purpose| valid(*purpose, PAYLOAD)).collect();
    valid.extend(lengths.iter().map(|len| self::valid(Purpose::Entry, &vec![0x61; *len])));
    let mut refused = forms();
    refused.extend(signatures());
    for (name, holds, key, signature) in CORNERS {
        let key = PublicKey::from_hex(key).expect("hexadecimal");
        let bytes = with_signature(&data_encoding::HEXLOWER.decode(signature.as_bytes()).expect("hexadecimal"));
        let found = judge(&bytes, Purpose::Entry, made::network(), key);
        assert_eq!(found.is_none(), holds, "{name}");
        let vector = json!({"purpose": Purpose::Entry.name(), "network": made::network().to_hex(), "public": key.to_hex(),
                            "bytes": hex(&bytes), "max": MAX});
        if holds {
            let mut vector = vector;
            vector["name"] = json!(name);
            valid.push(vector);
        } else {
            refused.push(self::refused(name, "signature", found, vector));
        }
    }
    json!({
        "about": "The signed envelope: COSE_Sign1 in its one form (docs/spec/entries.md)",
        "valid": valid,
        "refused": refused,
    })
}

fn judge(bytes: &[u8], purpose: Purpose, network: Hash, key: PublicKey) -> Option<&'static str> {
    let outcome = Envelope::open(bytes, MAX).and_then(|envelope| envelope.verify(purpose, &network, &key));
    outcome.err().map(|error| match error {
        EnvelopeError::Oversized => "oversized",
        EnvelopeError::Form => "form",
        EnvelopeError::Signature => "signature",
    })
}

fn valid(purpose: Purpose, payload: &[u8]) -> Value {
    let network = made::network();
    let external = [&[0x82], cbor::text(purpose.name()).as_slice(), &cbor::bytes(network.as_bytes())].concat();
    let signed = [
        &[0x84],
        cbor::text("Signature1").as_slice(),
        &cbor::bytes(&[0xa1, 0x01, 0x32]),
        &cbor::bytes(&external),
        &cbor::bytes(payload),
    ]
    .concat();
    let bytes = seal(purpose, &network, &made::key(7), payload);
    assert_eq!(judge(&bytes, purpose, network, made::public(7)), None);
    let signature: [u8; 64] = bytes[bytes.len() - 64..].try_into().expect("64 bytes");
    let dalek = ed25519_dalek::Signature::from_bytes(&signature);
    made::key(7).verifying_key().verify_strict(&signed, &dalek).expect("these are the bytes that are signed");
    json!({"name": format!("{} of {} bytes", purpose.name(), payload.len()), "purpose": purpose.name(),
           "network": network.to_hex(), "secret": hex([7; 32]), "public": made::public(7).to_hex(), "payload": hex(payload),
           "external": hex(external), "sig_structure": hex(signed), "bytes": hex(bytes), "max": MAX})
}

/// The envelope of the payload with another signature.
fn with_signature(signature: &[u8]) -> Vec<u8> {
    let mut bytes = seal(Purpose::Entry, &made::network(), &made::key(7), PAYLOAD);
    bytes.truncate(bytes.len() - 64);
    bytes.extend_from_slice(signature);
    bytes
}

fn refuse(name: &str, reason: &str, bytes: &[u8]) -> Value {
    let found = judge(bytes, Purpose::Entry, made::network(), made::public(7));
    let vector = json!({"purpose": Purpose::Entry.name(), "network": made::network().to_hex(),
                        "public": made::public(7).to_hex(), "bytes": hex(bytes), "max": MAX});
    refused(name, reason, found, vector)
}

fn forms() -> Vec<Value> {
    let good = seal(Purpose::Entry, &made::network(), &made::key(7), PAYLOAD);
    let signature = &good[good.len() - 64..];
    let build = |protected: &[u8], unprotected: &[u8], payload: &[u8], signature: &[u8]| {
        [&[0x84], protected, unprotected, payload, signature].concat()
    };
    let protected = [0x43, 0xa1, 0x01, 0x32];
    let payload = cbor::bytes(PAYLOAD);
    let signed = cbor::bytes(signature);
    let long_payload = [cbor::long_head(2, PAYLOAD.len() as u64).as_slice(), PAYLOAD].concat();
    let chunked = [&[0x5f], payload.as_slice(), &[0xff]].concat();
    let forms = [
        ("nothing", Vec::new()),
        ("tagged with 18", [&[0xd2], good.as_slice()].concat()),
        ("an array of indefinite length", [&[0x9f], &good[1..], &[0xff]].concat()),
        ("algorithm EdDSA (-8)", build(&[0x43, 0xa1, 0x01, 0x27], &[0xa0], &payload, &signed)),
        ("algorithm ES256 (-7)", build(&[0x43, 0xa1, 0x01, 0x26], &[0xa0], &payload, &signed)),
        ("empty protected header", build(&[0x40], &[0xa0], &payload, &signed)),
        (
            "protected header with a key id",
            build(&[0x46, 0xa2, 0x01, 0x32, 0x04, 0x41, 0x01], &[0xa0], &payload, &signed),
        ),
        ("unprotected header with a key id", build(&protected, &[0xa1, 0x04, 0x41, 0x01], &payload, &signed)),
        ("detached payload", build(&protected, &[0xa0], &[0xf6], &signed)),
        ("length of the payload too long", build(&protected, &[0xa0], &long_payload, &signed)),
        ("payload of indefinite length", build(&protected, &[0xa0], &chunked, &signed)),
        (
            "length of the signature too long",
            build(&protected, &[0xa0], &payload, &[&[0x59, 0, 64], signature].concat()),
        ),
        ("signature of 63 bytes", build(&protected, &[0xa0], &payload, &cbor::bytes(&signature[..63]))),
        ("one byte after the end", [good.as_slice(), &[0]].concat()),
        ("one byte missing", good[..good.len() - 1].to_vec()),
        ("payload longer than what follows", build(&protected, &[0xa0], &[0x58, 0xff, 0x61], &[])),
    ];
    let mut vectors: Vec<Value> = forms.iter().map(|(name, bytes)| refuse(name, "form", bytes)).collect();
    let large = seal(Purpose::Entry, &made::network(), &made::key(7), &[0x61; MAX]);
    vectors.push(refuse("longer than its bound", "oversized", &large));
    vectors
}

fn signatures() -> Vec<Value> {
    let seal = |purpose, network: &Hash, byte| seal(purpose, network, &made::key(byte), PAYLOAD);
    let good = seal(Purpose::Entry, &made::network(), 7);
    let mut flipped = good.clone();
    flipped[12] ^= 1;
    [
        ("made for another purpose", seal(Purpose::NodeKey, &made::network(), 7)),
        ("made for another network", seal(Purpose::Entry, &Hash::of(b"other"), 7)),
        ("made by another key", seal(Purpose::Entry, &made::network(), 8)),
        ("one bit of the payload changed", flipped),
        ("zeros", with_signature(&[0; 64])),
    ]
    .iter()
    .map(|(name, bytes)| refuse(name, "signature", bytes))
    .collect()
}
