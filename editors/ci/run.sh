#!/usr/bin/env bash
# Runs a job for a CI, told by INFILL_JOB, INFILL_PATHS, INFILL_CHANGED, INFILL_CHECK and INFILL_WRITE. Its exit code is
# that of infill, but for 1 (some holes are left), which only counts with INFILL_CHECK=true.
set -uo pipefail
out=${INFILL_OUT:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/infill}
mkdir -p "$out"
options=(--patch "$out/infill.patch" --sarif "$out/infill.sarif" --summary "${GITHUB_STEP_SUMMARY:-$out/infill.md}")
[ -n "${GITHUB_ACTIONS:-}" ] && options+=(--github)
[ -n "${INFILL_CHANGED:-}" ] && options+=("--changed=$INFILL_CHANGED")
[ "${INFILL_CHECK:-false}" = true ] && options+=(--check)
[ "${INFILL_WRITE:-false}" = true ] && options+=(--write)
paths=()
while IFS= read -r path; do [ -n "$path" ] && paths+=("$path"); done <<<"${INFILL_PATHS:-}"
infill run "${options[@]}" -- "$INFILL_JOB" ${paths[@]+"${paths[@]}"}
code=$?
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'patch=%s\nsarif=%s\n' "$out/infill.patch" "$out/infill.sarif" >>"$GITHUB_OUTPUT"
fi
[ "$code" = 1 ] && [ "${INFILL_CHECK:-false}" != true ] && exit 0
exit "$code"
