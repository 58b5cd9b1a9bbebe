# The commands of the workspace, by shorter names: `just dev`. Each is `cargo xtask …` underneath, which needs no just.

# What there is
default:
    @just --list --unsorted

# Start everything on this machine, with a demo organization, until Ctrl-C
dev *arguments:
    cargo xtask dev {{ arguments }}

# Watch one overdue invoice being reminded and settled, then stop
once:
    cargo xtask dev --once

# Run all tests; arguments go to the test runner
test *arguments:
    cargo xtask test -- {{ arguments }}

# Check what CI checks; names of checks run only these
lint *checks:
    cargo xtask lint {{ checks }}

# Format the code
format:
    cargo fmt --all

# Write schema.rs and the OpenAPI document anew
generate:
    cargo xtask schema
    cargo xtask openapi

# Run the Bruno collection against a stack of its own
bruno:
    cargo xtask bruno

# Send requests made from the OpenAPI document to a stack of its own
fuzz-api *arguments:
    cargo xtask fuzz-api {{ arguments }}

# Break things on purpose and count the reminders; `just chaos --list` names the trials
chaos *arguments:
    cargo xtask chaos {{ arguments }}

# Measure a part of the product beside a reference: queue, send, api, feed, webhooks or all of them
bench what *arguments:
    cargo xtask bench {{ what }} {{ arguments }}

# Simulate a year of planned reminders of 100,000 organizations
simulate *arguments:
    cargo xtask simulate {{ arguments }}

# Run what CI runs
ci:
    bash .ci/run

# Start everything in containers instead
up:
    docker compose up --build --detach --wait

# Stop the containers; the data stays
down:
    docker compose down
