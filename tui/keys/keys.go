// Package keys is the one catalogue of what keys mean. Screens ask it what a key intends, help shows it, and so do the
// palette and the README. A key means the same wherever it means anything.
package keys

import (
	"slices"
	"strings"
)

// Intent is what a person wants, whatever key says so.
type Intent string

// Scope is where a key counts.
type Scope string

// The scopes. Global counts everywhere but in a text that is being typed.
const (
	Global      Scope = "global"
	Lesson      Scope = "lesson"
	Signatures  Scope = "signatures"
	Tree        Scope = "tree"
	Trust       Scope = "trust"
	Doctor      Scope = "doctor"
	Trace       Scope = "trace"
	Recover     Scope = "recover"
	BrowseTable Scope = "browse-table"
	BrowseTree  Scope = "browse-tree"
	Edit        Scope = "edit"
	PolicyForm  Scope = "policy"
	Question    Scope = "question"
	SignIn      Scope = "sign-in"
	Help        Scope = "help"
	Starting    Scope = "starting"
	// Mending is a course with something wrong in it, before it is opened.
	Mending Scope = "mending"
	Outline Scope = "outline"
	Palette Scope = "palette"
	Prompt  Scope = "prompt"
	// Present is the terminal of whoever presents, PresentAsk while a question waits on the projector.
	Present    Scope = "present"
	PresentAsk Scope = "present-question"
	// Replay is a recording that is played.
	Replay Scope = "replay"
)

// The intents.
const (
	Quit      Intent = "quit"
	Interrupt Intent = "interrupt"
	Suspend   Intent = "suspend"
	Back      Intent = "back"
	ShowHelp  Intent = "help"
	Redraw    Intent = "redraw"
	Search    Intent = "search"

	Up       Intent = "up"
	Down     Intent = "down"
	PageUp   Intent = "page-up"
	PageDown Intent = "page-down"
	Home     Intent = "home"
	End      Intent = "end"
	NextPane Intent = "next-pane"
	PrevPane Intent = "previous-pane"
	Unfold   Intent = "unfold"
	FoldUp   Intent = "fold-up"
	Fold     Intent = "fold"

	Run       Intent = "run"
	Next      Intent = "next"
	Previous  Intent = "previous"
	Hint      Intent = "hint"
	Why       Intent = "why"
	Env       Intent = "environment"
	Steps     Intent = "steps"
	Shell     Intent = "shell"
	Copy      Intent = "copy"
	Reset     Intent = "reset"
	Undo      Intent = "undo"
	Skip      Intent = "skip"
	Change    Intent = "change"
	Line      Intent = "line"
	Complete  Intent = "complete"
	Output    Intent = "output"
	Follow    Intent = "follow"
	Compare   Intent = "compare"
	OpenTable Intent = "table"
	OpenTree  Intent = "tree"
	OpenTrust Intent = "trust"
	// OpenDoctor looks for what is wrong with the deployment.
	OpenDoctor Intent = "doctor"
	// OpenConsole opens the page that the registry has of the repository in a browser.
	OpenConsole Intent = "console"
	// OpenRecover shows what the image's tag lost; Pick chooses a signature there, PickAll all of them or none, and BringBack
	// attaches what is chosen.
	OpenRecover Intent = "recover"
	Pick        Intent = "pick"
	PickAll     Intent = "pick-all"
	BringBack   Intent = "bring-back"
	// OpenTrace shows what a step did.
	OpenTrace Intent = "trace"
	Lessons   Intent = "lessons"

	// Those of whoever presents: what the projector shall do beside what its own keys can.
	Blank    Intent = "blank"
	TypeOut  Intent = "type-out"
	Autoplay Intent = "autoplay"
	Faster   Intent = "faster"
	Slower   Intent = "slower"
	Jump     Intent = "jump"   // to a step
	Escape   Intent = "escape" // as esc there

	// Those of a recording that is played.
	Pause      Intent = "pause"
	NextMarker Intent = "next-marker"
	PrevMarker Intent = "previous-marker"

	Sort    Intent = "sort"
	Filter  Intent = "filter"
	Detail  Intent = "detail"
	Reload  Intent = "reload"
	GroupBy Intent = "group"
	// Section is the detail's section whose number was pressed.
	Section  Intent = "section"
	ColLeft  Intent = "columns-left"
	ColRight Intent = "columns-right"
	Proof    Intent = "proof"
	Write    Intent = "write"
	Watch    Intent = "watch"
	Who      Intent = "policy"
	Pattern  Intent = "pattern"
	Anchor   Intent = "anchor"

	Submit  Intent = "submit"
	Cancel  Intent = "cancel"
	NewLine Intent = "new-line"
	ToStart Intent = "to-start"
	ToEnd   Intent = "to-end"
	ByWord  Intent = "by-word"
	Rub     Intent = "rub-out"
	Yes     Intent = "yes"
	No      Intent = "no"

	OpenPage  Intent = "open-page"
	RawLink   Intent = "raw-link"
	RawText   Intent = "raw-text"
	ClearText Intent = "clear"
	NewLink   Intent = "new-link"
	OtherWay  Intent = "other-way"
	QRCode    Intent = "qr-code"
)

// Group is the heading that a key stands under in help.
type Group string

// The groups, in the order of help.
const (
	GroupStep     Group = "Step"
	GroupRows     Group = "Rows"
	GroupLook     Group = "Look"
	GroupMove     Group = "Move"
	GroupText     Group = "Text"
	GroupAnywhere Group = "Anywhere"
)

// Groups returns the groups in the order of help.
func Groups() []Group {
	return []Group{GroupStep, GroupRows, GroupLook, GroupMove, GroupText, GroupAnywhere}
}

// Binding says which keys mean an intent in a scope.
type Binding struct {
	Intent Intent
	Scope  Scope
	// Keys are named as Bubble Tea names them; the first is the one that is shown.
	Keys []string
	// Short is one or two words for the line of keys; empty keeps the binding out of it.
	Short string
	// Long says what it does, for help.
	Long  string
	Group Group
}

// Label returns the key as it is shown to a person.
func (b Binding) Label() string {
	if len(b.Keys) == 0 {
		return ""
	}
	return Label(b.Keys[0])
}

// Label returns how a key is shown to a person: "^C" for ctrl+c, "space" for a space.
func Label(key string) string {
	switch {
	case key == " ":
		return "space"
	case key == "pgup":
		return "PgUp"
	case key == "pgdown":
		return "PgDn"
	case strings.HasPrefix(key, "ctrl+") && len(key) == len("ctrl+")+1:
		return "^" + strings.ToUpper(key[len("ctrl+"):])
	}
	return key
}

// For returns the bindings that count in a scope, in the order of the line of keys: its own, then the global ones for what
// it has no key of its own, each with the keys that are not taken.
func For(scope Scope) []Binding {
	var out []Binding
	taken, meant := map[string]bool{}, map[Intent]bool{}
	for _, s := range []Scope{scope, Global} {
		for _, b := range catalogue {
			if b.Scope != s || s == Global && (meant[b.Intent] || scope == Help && b.Intent == ShowHelp) {
				continue
			}
			keys := make([]string, 0, len(b.Keys))
			for _, k := range b.Keys {
				if !taken[k] && (s != Global || !scope.Typed() || len(k) > 1) {
					keys = append(keys, k)
				}
			}
			if len(keys) > 0 {
				b.Keys = keys
				out = append(out, b)
			}
		}
		for _, b := range out {
			meant[b.Intent] = true
			for _, k := range b.Keys {
				taken[k] = true
			}
		}
		if scope == Global {
			break
		}
	}
	return out
}

// Typed reports whether letters are text in the scope, so that the global letters do not count there.
func (s Scope) Typed() bool {
	return s == Edit || s == SignIn || s == Palette || s == PolicyForm || s == Prompt
}

// Find returns what key intends in scope: the scope's own meaning first, then the global one.
func Find(scope Scope, key string) (Intent, bool) {
	for _, s := range []Scope{scope, Global} {
		for _, b := range catalogue {
			if b.Scope == s && (s != Global || !scope.Typed() || len(key) > 1) && slices.Contains(b.Keys, key) {
				return b.Intent, true
			}
		}
	}
	return "", false
}

// Of returns the binding of an intent in scope, or the zero binding.
func Of(scope Scope, intent Intent) Binding {
	for _, b := range For(scope) {
		if b.Intent == intent {
			return b
		}
	}
	return Binding{}
}

// Scopes returns every scope.
func Scopes() []Scope {
	return []Scope{Global, Lesson, Signatures, Tree, Trust, Doctor, Trace, Recover, BrowseTable, BrowseTree, Edit, PolicyForm, Question, SignIn, Help, Starting, Mending, Outline, Palette, Prompt, Present, PresentAsk, Replay}
}
