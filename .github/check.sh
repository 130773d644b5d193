#!/usr/bin/env bash
# Check $PATHS with the options $ARGS: annotations to the log, and findings as SARIF to $SARIF. Run by action.yml.
set -uo pipefail
read -ra paths <<< "${PATHS:-.}"
read -ra args <<< "${ARGS:-}"
if [ -n "${SARIF:-}" ]; then
  curate check "${paths[@]}" "${args[@]}" --quiet --exit-zero --output-format sarif --output-file "$SARIF" || exit $?
fi
curate check "${paths[@]}" "${args[@]}" --quiet --output-format github
