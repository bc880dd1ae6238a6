// Package actions is the contract between what a person does (the packages below it: registry, trust, identity, signing,
// verification) and whoever asks for it (the workshop shell, the terminal UI, the command line).
//
// It holds the events that long work reports, the questions that only a person can answer, the endpoints and homes that
// an action works with, and the error that says what, why and what next. It holds no action itself, and nothing below it
// prints or knows a terminal.
package actions
