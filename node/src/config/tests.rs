//! The template against the structure, the order of the sources, and every message that an operator may meet.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::settings::SETTINGS;
use super::*;

fn resolve(file: &str, environment: &[(&str, &str)], sets: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let sets: Vec<(String, String)> = sets.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    layers::resolve(Some((Path::new("config.toml"), file)), environment, &sets)
}

fn complaint(file: &str, environment: &[(&str, &str)], sets: &[(&str, &str)]) -> String {
    resolve(file, environment, sets).unwrap_err().to_string()
}

/// The template with every key in force.
fn uncommented() -> String {
    let keys = Config::template().lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    keys.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_template_changes_nothing() {
    assert_eq!(resolve(Config::template(), &[], &[]).unwrap(), Config::default());
}

#[test]
fn the_template_shows_every_key_with_its_default() {
    assert_eq!(resolve(&uncommented(), &[], &[]).unwrap(), Config::default());
    let shown: toml::Table = toml::from_str(&uncommented()).unwrap();
    assert_eq!(shown, toml::Table::try_from(Config::default()).unwrap());
}

#[test]
fn the_table_names_the_fields_of_the_structure() {
    let fields = toml::Table::try_from(Config::default()).unwrap();
    let fields: BTreeSet<String> = fields
        .iter()
        .flat_map(|(section, keys)| keys.as_table().unwrap().keys().map(move |key| format!("{section}.{key}")))
        .collect();
    let settings: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.dotted()).collect();
    assert_eq!(settings, fields);
    assert_eq!(SETTINGS.len(), fields.len(), "each once");
}

#[test]
fn every_bound_in_the_template_is_the_one_in_force() {
    for (key, low, high) in [
        ("network.max_connections", 1, 4096),
        ("network.sync_interval_s", 1, 86_400),
        ("storage.index_cache_mib", 1, 4096),
        ("storage.min_free_mib", 1, 1_048_576),
        ("runtime.worker_threads", 0, 1024),
        ("runtime.verify_threads", 0, 1024),
    ] {
        let set =
            |value: i64| resolve("", &[], &[(key, &value.to_string()), ("network.max_sync_sessions", "1")]).is_ok();
        assert!(set(low) && set(high), "{key}");
        assert!(!set(low - 1) && !set(high + 1), "{key}");
    }
}

#[test]
fn later_sources_win() {
    let file = "[network]\nsync_interval_s = 2\nmax_connections = 20\ngossip = false\n";
    let environment = [("NANDUTI_NETWORK_SYNC_INTERVAL_S", "3"), ("NANDUTI_NETWORK_MAX_CONNECTIONS", "30")];
    let config = resolve(file, &environment, &[("network.sync_interval_s", "4")]).unwrap().network;
    assert_eq!((config.sync_interval_s, config.max_connections, config.gossip), (4, 30, false));
    assert!(!config.mdns);
}

#[test]
fn the_last_of_two_flags_wins() {
    let config = resolve("", &[], &[("log.level", "warn"), ("log.level", "debug")]).unwrap();
    assert_eq!(config.log.level, LogLevel::Debug);
}

#[test]
fn a_bad_value_that_is_overridden_does_no_harm() {
    let config = resolve("[log]\nlevel = \"loud\"\n", &[("NANDUTI_LOG_LEVEL", "warn")], &[]).unwrap();
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn lists_are_separated_by_commas() {
    let listen = "/ip4/127.0.0.1/tcp/0, /ip4/127.0.0.1/udp/0/quic-v1,";
    let config = resolve("", &[("NANDUTI_NETWORK_LISTEN", listen)], &[]).unwrap();
    let shown: Vec<String> = config.network.listen.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]);
    assert!(resolve("", &[], &[("network.listen", "")]).unwrap().network.listen.is_empty());
}

#[test]
fn variables_of_the_program_and_of_others_are_left_alone() {
    let others = [
        ("NANDUTI_HOME", "/x"),
        ("NANDUTI_PASSPHRASE", "secret words"),
        ("NANDUTI_PASSPHRASE_FILE", "/x"),
        ("NANDUTI_LOG", "debug"),
        ("NANDUTI_TEST_REQUIRE", "all"),
        ("PATH", "/bin"),
        ("NANDUTIX", ""),
    ];
    assert_eq!(resolve("", &others, &[]).unwrap(), Config::default());
}

#[test]
fn addresses_that_mean_something() {
    let peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    let good = [
        ("network.listen", "/ip6/::1/udp/0/quic-v1".to_owned()),
        ("network.external", "/dns4/node.example.org/tcp/4001".into()),
        ("network.external", "/ip4/192.0.2.7/udp/4001/quic-v1".into()),
        ("network.peers", format!("/dns/node.example.org/udp/4001/quic-v1{peer}")),
        ("network.peers", format!("/dnsaddr/node.example.org{peer}")),
        ("network.peers", format!("/ip6/2001:db8::1/tcp/4001{peer}")),
    ];
    for (key, value) in good {
        resolve("", &[], &[(key, &value)]).unwrap();
    }
    let bad = [
        ("network.listen", "/dns4/node.example.org/tcp/1".to_owned()),
        ("network.listen", "/ip4/0.0.0.0/udp/4001".into()),
        ("network.listen", format!("/ip4/0.0.0.0/tcp/4001{peer}")),
        ("network.external", "/ip4/0.0.0.0/tcp/4001".into()),
        ("network.external", "/ip4/192.0.2.7/tcp/0".into()),
        ("network.peers", "/ip4/192.0.2.7/tcp/4001".into()),
        ("network.peers", peer.to_owned()),
        ("network.peers", format!("/ip4/192.0.2.7/tcp/4001{peer}/p2p-circuit{peer}")),
        ("network.peers", "192.0.2.7:4001".into()),
    ];
    for (key, value) in bad {
        assert!(resolve("", &[], &[(key, &value)]).is_err(), "{key} {value}");
    }
}

#[test]
fn misspelt_names() {
    let file = "[network]\ngossip = true\nlisen = []\nenabled = true\ncolour = 1\n\n[webb]\nlisten = \"x\"\n";
    insta::assert_snapshot!(complaint(file, &[], &[]), @r#"
    config.toml, line 3: unknown key `network.lisen` (did you mean listen?)
    config.toml, line 4: unknown key `network.enabled` (there is one in [web])
    config.toml, line 5: unknown key `network.colour`
    config.toml, line 7: unknown section [webb] (did you mean [web]?)
    "#);
    insta::assert_snapshot!(complaint("mdns = true\nweb = 1\n[log.level]\n", &[], &[]), @r#"
    config.toml, line 1: unknown key `mdns`: every key belongs to a section (put it below [network])
    config.toml, line 2: `web` is a section, not a key (write [web])
    config.toml, line 3: log.level: expected a text, found a table
    "#);
    let environment = [("NANDUTI_NETWORK_PEER", "x"), ("NANDUTI_HOM", "/x"), ("NANDUTI_COLOUR", "1")];
    insta::assert_snapshot!(complaint("", &environment, &[("web.lisen", "x"), ("", "")]), @r#"
    environment variable NANDUTI_COLOUR: no such key
    environment variable NANDUTI_HOM: no such key (did you mean NANDUTI_HOME?)
    environment variable NANDUTI_NETWORK_PEER: no such key (did you mean NANDUTI_NETWORK_PEERS?)
    --set : no such key
    --set web.lisen: no such key (did you mean web.listen?)
    "#);
}

#[test]
fn values_that_cannot_be() {
    let file = "[network]\nlisten = \"/ip4/0.0.0.0/tcp/1\"\npeers = [\"/ip4/192.0.2.7/tcp/4001\", 1]\nmax_connections = 0\n\
                sync_interval_s = 1.5\ngossip = \"yes\"\nexternal = [\"node.example.org\"]\n\
                [web]\nlisten = \"localhost\"\n[log]\nlevel = \"loud\"\n[runtime]\nworker_threads = 99999999999999999999\n";
    insta::assert_snapshot!(complaint(file, &[], &[]), @r#"
    config.toml, line 2: network.listen: expected a list of texts, found a text
    config.toml, line 3: network.peers: expected a list of texts, found a list of other things
    config.toml, line 4: network.max_connections: 0 is not from 1 to 4096
    config.toml, line 5: network.sync_interval_s: expected a whole number, found a number with a fraction
    config.toml, line 6: network.gossip: expected true or false, found a text
    config.toml, line 7: network.external: `node.example.org` is not a multiaddress, which begins with a slash: /ip4/192.0.2.7/tcp/4001
    config.toml, line 9: web.listen: `localhost` is not an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080
    config.toml, line 11: log.level: `loud` is none of error, warn, info, debug, trace
    config.toml, line 13: runtime.worker_threads: 99999999999999999999 is too large a number
    "#);
    let environment = [("NANDUTI_WEB_ENABLED", "on"), ("NANDUTI_STORAGE_MIN_FREE_MIB", "")];
    insta::assert_snapshot!(complaint("", &environment, &[("log.format", "xml")]), @r#"
    environment variable NANDUTI_STORAGE_MIN_FREE_MIB: `` is not a whole number
    environment variable NANDUTI_WEB_ENABLED: `on` is not true or false
    --set log.format: `xml` is none of auto, human, json
    "#);
}

#[test]
fn values_that_cannot_be_together() {
    let file = "[network]\nmax_connections = 4\nmax_sync_sessions = 5\n";
    insta::assert_snapshot!(complaint(file, &[], &[]), @"config.toml, line 3: network.max_sync_sessions is 5, more than network.max_connections, which is 4");
    insta::assert_snapshot!(complaint("", &[], &[("network.max_connections", "4")]), @"--set network.max_connections: network.max_sync_sessions is 8, more than network.max_connections, which is 4");
}

#[test]
fn what_is_not_toml() {
    insta::assert_snapshot!(complaint("[network]\ngossip = ja\n", &[], &[]), @"config.toml, line 2, column 10: string values must be quoted, expected literal string");
    insta::assert_snapshot!(complaint("[web]\nenabled = true\nenabled = true\n", &[], &[]), @"config.toml, line 3, column 1: duplicate key");
}

#[test]
fn the_file_of_a_home() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path());
    let load = || Config::load_with(&home, [], &[]);
    assert_eq!(load().unwrap(), Config::default(), "no file is no mistake");
    std::fs::write(home.config_file(), "[storage]\nmin_free_mib = 1\n").unwrap();
    assert_eq!(load().unwrap().storage.min_free_bytes(), 1024 * 1024);
    std::fs::write(home.config_file(), [0xff]).unwrap();
    assert!(matches!(load(), Err(ConfigError::Encoding { .. })));
    std::fs::write(home.config_file(), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(load(), Err(ConfigError::Long { .. })));
    std::fs::remove_file(home.config_file()).unwrap();
    std::fs::create_dir(home.config_file()).unwrap();
    assert!(matches!(load(), Err(ConfigError::Read { .. })));
}

#[test]
fn no_threads_means_one_for_each_core() {
    assert!(Config::default().runtime.workers().get() >= 1);
    let config = resolve("", &[], &[("runtime.verify_threads", "3")]).unwrap();
    assert_eq!(config.runtime.verifiers().get(), 3);
}

proptest! {
    #[test]
    fn no_file_panics(text in "\\PC{0,60}") {
        let _ = resolve(&text, &[], &[]);
    }

    #[test]
    fn no_toml_value_panics(index in 0..SETTINGS.len(), value in "[0-9a-fx\\[\\]{}\",.=:/ -]{0,20}") {
        let setting = &SETTINGS[index];
        let _ = resolve(&format!("[{}]\n{} = {value}\n", setting.section, setting.name), &[], &[]);
    }

    #[test]
    fn file_environment_and_flag_agree(index in 0..SETTINGS.len(), value in "[0-9]{1,6}|true|false|debug|json|/ip4/192.0.2.7/tcp/[0-9]{1,5}") {
        let setting = &SETTINGS[index];
        let written = match setting.kind {
            settings::Kind::Text => format!("\"{value}\""),
            settings::Kind::List => format!("[\"{value}\"]"),
            settings::Kind::Number | settings::Kind::Switch => value.trim_start_matches('0').to_owned(),
        };
        prop_assume!(!written.is_empty());
        let file = resolve(&format!("[{}]\n{} = {written}\n", setting.section, setting.name), &[], &[]).ok();
        let environment = resolve("", &[(&setting.variable(), &value)], &[]).ok();
        let flag = resolve("", &[], &[(&setting.dotted(), &value)]).ok();
        prop_assert_eq!(&file, &environment);
        prop_assert_eq!(&file, &flag);
    }
}
