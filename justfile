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
