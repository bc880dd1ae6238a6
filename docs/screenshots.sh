#!/bin/sh
# Draws the pictures of the README from a real run: drives the program in tmux with keys, waits for what must be on the
# screen, and gives each screen to freeze (github.com/charmbracelet/freeze).
#
#   docs/screenshots.sh SIGWALK FREEZE
#
# It needs tmux. It works in a new state directory and leaves nothing running.
set -eu
sigwalk=$1
freeze=$2
images=$(dirname "$0")/images
dir=$(mktemp -d)
escape=$(printf '\033')
socket=sigwalk-screenshots-$$
tmux="tmux -L $socket -f /dev/null"
trap '$tmux kill-server 2>/dev/null || true; sleep 1; rm -rf "$dir"' EXIT # the sandbox ends a moment after its last user
mkdir -p "$images"

# wait_for TEXT: until it is on the screen, 30 s at the most.
wait_for() {
  for _ in $(seq 300); do
    $tmux capture-pane -p | grep -qF -- "$1" && return 0
    sleep 0.1
  done
  echo "waited in vain for: $1" >&2
  $tmux capture-pane -p >&2
  exit 1
}

keys() { $tmux send-keys "$@"; }

picture() {
  # freeze knows no "default colour" (39), which tmux writes instead of a reset.
  $tmux capture-pane -e -p | sed -E "s/$escape\\[39m/$escape[38;2;208;208;208m/g; s/$escape\\[39;49m/$escape[0m/g" > "$dir/screen"
  "$freeze" --language ansi --font.family monospace --font.size 14 --line-height 1.2 --padding 12 --border.radius 6 \
    -o "$images/$1.svg" "$dir/screen" > /dev/null
  echo "$images/$1.svg"
}

# step TEXT: turns to the next step, runs it, and waits for what its end shows.
step() {
  keys n
  wait_for "$1"
  keys Enter
  wait_for "$2"
}

$tmux new-session -d -x 140 -y 40 "env COLORTERM=truecolor TERM=xterm-256color LC_ALL=C.UTF-8 $sigwalk --dir $dir/state"
wait_for "Copy the image"
keys Enter
wait_for "copied; the digest is the same"
step "2 Fetch the trust root" "the root was pinned"
picture trust
step "3 Log in" "the registry has checked the credentials"
step "4 Get an identity token" "done: n goes to step 5"
keys n
wait_for "5 Sign the image"
keys Enter
wait_for "Are you sure"
picture question
keys y
wait_for "signed by pipeline-auth"
picture signed
keys Enter # once more, so that there is something to compare; the answer is remembered
wait_for "2 on this image now"
step "6 Look at the tree" "done: n goes to step 7"
step "7 Verify one identity" "done: n goes to step 8"
step "8 See everybody" "done: n goes to step 9"
$tmux resize-window -x 100 -y 28
wait_for "logIndex"
keys v
wait_for "provable for as"
picture table
keys Enter
wait_for "looks at"
keys Down Down Down
wait_for "a signature by the key"
picture checks
keys q
