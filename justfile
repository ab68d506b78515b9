# What is done often. Every check is a step of `.ci/run`, which needs no `just`.

# Everything that must hold before a change lands
ci:
    bash .ci/run

# Formatting, lints and the layers: quick, before every commit
check:
    bash .ci/run format lint
    cargo test -p nanduti-tests --test style

# All tests, as the README names them
test:
    bash .ci/run tests

# Dependencies: licences, sources, bans
deny:
    bash .ci/run deny

# Documentation of the code, without a warning
docs:
    bash .ci/run docs

# The book, into docs/book (needs mdbook)
book:
    mdbook build docs

# Five nodes on this machine
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Five nodes, and leave once they hold the same library
smoke:
    bash .ci/run demo

# Take changed snapshots over after looking at them (needs cargo-insta)
snapshots:
    cargo insta review

# The README's picture, from a real run (needs `script`)
picture:
    cargo build --release
    timeout -s INT 20 script -qec "stty cols 110 rows 40; target/release/nanduti demo" target/demo.typescript
    python3 docs/images/terminal_svg.py '$ cargo run --release -- demo' <target/demo.typescript >docs/images/demo.svg

# Fuzz one target for some seconds, on the stable compiler (needs cargo-fuzz); `cargo fuzz list --fuzz-dir tests/fuzz/libfuzzer` names them
fuzz TARGET SECONDS="60":
    mkdir -p tests/fuzz/libfuzzer/corpus/{{TARGET}}
    cargo fuzz run --fuzz-dir tests/fuzz/libfuzzer --sanitizer none --features node --dev {{TARGET}} tests/fuzz/libfuzzer/corpus/{{TARGET}} tests/fuzz/corpus/{{TARGET}} -- -max_total_time={{SECONDS}} -timeout=20 -rss_limit_mb=1024
