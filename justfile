# The commands of the workspace, by shorter names: `just dev`. Each is `cargo xtask …` underneath, which needs no just.

# List the commands
default:
    @just --list --unsorted

# Start everything on this machine, with a demo organization, until Ctrl-C
dev *arguments:
    cargo xtask dev {{ arguments }}

# Run the main scenario once, then stop
once:
    cargo xtask dev --once

# Run all tests; arguments go to the test runner
test *arguments:
    cargo xtask test -- {{ arguments }}

# Run all checks, or only the named ones
lint *checks:
    cargo xtask lint {{ checks }}

# Format the code
format:
    cargo fmt --all

# Regenerate schema.rs and the OpenAPI document
generate:
    cargo xtask schema
    cargo xtask openapi

# Run the Bruno collection against a private stack
bruno:
    cargo xtask bruno

# Send requests generated from the OpenAPI document to a private stack
fuzz-api *arguments:
    cargo xtask fuzz-api {{ arguments }}

# Inject faults and count the reminders; `just chaos --list` lists the scenarios
chaos *arguments:
    cargo xtask chaos {{ arguments }}

# Benchmark a part of the product and its reference: queue, send, api, feed, webhooks or all
bench what *arguments:
    cargo xtask bench {{ what }} {{ arguments }}

# Simulate a year of planned reminders of 100,000 organizations
simulate *arguments:
    cargo xtask simulate {{ arguments }}

# Run the checks of CI
ci:
    bash .ci/run

# Start the product in containers
up:
    docker compose up --build --detach --wait

# Stop the containers; the data stays
down:
    docker compose down
