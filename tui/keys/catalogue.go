package keys

import "slices"

// Catalogue returns every binding.
func Catalogue() []Binding {
	out := slices.Clone(catalogue)
	for i := range out {
		out[i].Keys = slices.Clone(out[i].Keys)
	}
	return out
}

// catalogue is read only.
var catalogue = slices.Concat(
	step(),
	rowsOf(Signatures), wayBack(Signatures),
	branchesOf(Tree), wayBack(Tree),
	[]Binding{{Copy, Trust, []string{"y"}, "copy", "send the checksum of the root to the clipboard of the terminal", GroupRows}},
	moves(Trust), wayBack(Trust),
	[]Binding{
		{Reload, Doctor, []string{"r"}, "again", "look at everything again", GroupLook},
		{Copy, Doctor, []string{"y"}, "copy", "send what to do about the chosen check to the clipboard of the terminal", GroupRows},
	},
	moves(Doctor), wayBack(Doctor),
	[]Binding{
		{Detail, Trace, []string{"enter"}, "detail", "show all of the chosen stage: what it made, and its network calls", GroupRows},
		{Write, Trace, []string{"E"}, "export", "save the trace as JSON to a new file", GroupLook},
		{Copy, Trace, []string{"y"}, "copy", "send the chosen stage to the clipboard of the terminal", GroupRows},
		{NextPane, Trace, []string{"tab"}, "", "go between the stages and the detail", GroupMove},
	},
	moves(Trace), wayBack(Trace),
	[]Binding{
		{BringBack, Recover, []string{"enter"}, "bring back", "attach what is chosen, after a question", GroupRows},
		{Pick, Recover, []string{" "}, "choose", "choose the signature, or leave it out", GroupRows},
		{PickAll, Recover, []string{"a"}, "all", "choose all that can be brought back, or none", GroupRows},
		{Reload, Recover, []string{"r"}, "again", "look again", GroupLook},
		{NextPane, Recover, []string{"tab"}, "", "go between the rows and the detail", GroupMove},
	},
	moves(Recover), wayBack(Recover),
	[]Binding{{Detail, Outline, []string{"enter"}, "open", "open the chosen lesson", GroupRows}}, moves(Outline), wayBack(Outline),
	images(BrowseTable), rowsOf(BrowseTable),
	images(BrowseTree), branchesOf(BrowseTree),
	typing(),
	finding(),
	line(),
	policyForm(),
	signIn(),
	presenting(),
	playing(),
	moves(Question),
	moves(Mending),
	moves(Help),
	anywhere(),
)

func step() []Binding {
	return slices.Concat([]Binding{
		{Run, Lesson, []string{"enter"}, "run", "run the command of this step; on a blocked step, go to what blocks it", GroupStep},
		{Next, Lesson, []string{"n", "right"}, "next", "go to the next step; behind the last one, to the next lesson", GroupStep},
		{Previous, Lesson, []string{"p", "left"}, "prev", "go to the step before", GroupStep},
		{Hint, Lesson, []string{"h"}, "hint", "show a hint, and then the next one", GroupStep},
		{Why, Lesson, []string{"w"}, "", "say why this step is there", GroupStep},
		{Env, Lesson, []string{"e"}, "env", "show the variables of the lesson", GroupLook},
		{Shell, Lesson, []string{"s"}, "shell", "open a shell with the variables of the lesson", GroupStep},
		{Copy, Lesson, []string{"y"}, "copy", "send the command to the clipboard of the terminal; once more, write it to a file", GroupStep},
		{Change, Lesson, []string{"c"}, "change", "change the command before it runs", GroupStep},
		{Line, Lesson, []string{"$"}, "", "type any other line for the workshop shell", GroupStep},
		{Reset, Lesson, []string{"x"}, "reset", "forget what was done in this step, after a question", GroupStep},
		{Undo, Lesson, []string{"u"}, "", "put the sandbox back as it was before this step, after a question that lists what is undone", GroupStep},
		{Skip, Lesson, []string{"-"}, "", "leave this step out", GroupStep},
		{RawText, Lesson, []string{"Y"}, "", "leave the screen and print the command alone, unbroken, to select it there", GroupStep},
		{OpenTable, Lesson, []string{"v"}, "table", "look at the signatures as a table", GroupLook},
		{OpenTree, Lesson, []string{"t"}, "tree", "look at the tree of the image", GroupLook},
		{OpenTrust, Lesson, []string{"T"}, "", "look at the trust root", GroupLook},
		{OpenDoctor, Lesson, []string{"D"}, "", "doctor: find out what is wrong with the deployment", GroupLook},
		{OpenConsole, Lesson, []string{"B"}, "", "open the page that a Quay has of the repository in your browser", GroupLook},
		{OpenTrace, Lesson, []string{"N"}, "", "network: what this step did, stage by stage, with its calls and what each made", GroupLook},
		{Output, Lesson, []string{"o"}, "", "turn between the output and the result", GroupLook},
		{Compare, Lesson, []string{"C"}, "", "compare what the command printed with what is to be expected", GroupLook},
		{Steps, Lesson, []string{"l"}, "", "show the list of steps", GroupLook},
		{Write, Lesson, []string{"E"}, "", "export what was run, as Markdown, to a new file", GroupLook},
		{Lessons, Lesson, []string{"L"}, "", "show the lessons of the course, and open another", GroupLook},
		{Follow, Lesson, []string{"ctrl+f"}, "", "show the end of the output as it grows", GroupLook},
		{NextPane, Lesson, []string{"tab"}, "", "go to the next pane", GroupMove},
		{PrevPane, Lesson, []string{"shift+tab"}, "", "go to the pane before", GroupMove},
	}, moves(Lesson))
}

func rowsOf(scope Scope) []Binding {
	return slices.Concat([]Binding{
		{Detail, scope, []string{"enter"}, "detail", "go between the rows and the detail of the chosen one", GroupRows},
		{Sort, scope, []string{"s"}, "sort", "sort by the next column; again for the other direction", GroupRows},
		{Filter, scope, []string{"/"}, "filter", "show only rows that hold a text", GroupRows},
		{Section, scope, []string{"1", "2", "3", "4", "5", "6"}, "", "1 to 6: show checks, certificate, log entry, times, what is stored, or that as JSON", GroupLook},
		{GroupBy, scope, []string{"b"}, "group", "group the rows by subject, by issuer, or not", GroupRows},
		{Copy, scope, []string{"y"}, "copy", "send the chosen row to the clipboard of the terminal", GroupRows},
		{Who, scope, []string{"f"}, "policy", "say whose signature counts, and see who matches", GroupRows},
		{Write, scope, []string{"E"}, "", "export the report to a new file: html, md, json, cosign.json, tsv, txt", GroupRows},
		{Proof, scope, []string{"P"}, "", "ask the log for the inclusion proof of the chosen signature", GroupLook},
		{ColLeft, scope, []string{"left"}, "", "scroll the columns back", GroupMove},
		{ColRight, scope, []string{"right"}, "", "scroll to the columns that did not fit", GroupMove},
		{NextPane, scope, []string{"tab"}, "", "go between the rows and the detail", GroupMove},
	}, moves(scope))
}

func branchesOf(scope Scope) []Binding {
	return slices.Concat([]Binding{
		{Fold, scope, []string{" "}, "fold", "open or close", GroupRows},
		{Detail, scope, []string{"enter"}, "detail", "go between the tree and the detail of the chosen node", GroupRows},
		{Section, scope, []string{"1", "2", "3", "4", "5", "6"}, "", "1 to 6: show the node, its manifest, annotations, certificate, payload, or what programs will see", GroupLook},
		{Filter, scope, []string{"/"}, "find", "find a text in the tree", GroupRows},
		{Next, scope, []string{"n"}, "next", "find the next", GroupRows},
		{Copy, scope, []string{"y"}, "copy", "send the digest to the clipboard of the terminal", GroupRows},
		{Unfold, scope, []string{"right"}, "", "open, or go into", GroupMove},
		{FoldUp, scope, []string{"left"}, "", "close, or go out", GroupMove},
		{NextPane, scope, []string{"tab"}, "", "go between the tree and the detail", GroupMove},
	}, moves(scope))
}

func images(scope Scope) []Binding {
	return []Binding{
		{OpenTable, scope, []string{"v"}, "table", "look at the signatures as a table", GroupLook},
		{OpenTree, scope, []string{"t"}, "tree", "look at the tree of the image", GroupLook},
		{Reload, scope, []string{"r"}, "reload", "look at the registry again", GroupLook},
		{OpenConsole, scope, []string{"B"}, "", "open the page that a Quay has of the repository in your browser", GroupLook},
		{OpenRecover, scope, []string{"R"}, "recover", "look for signatures that the tag lost, and bring them back", GroupLook},
		{Watch, scope, []string{"W"}, "", "look again and again for new signatures, or end that", GroupLook},
	}
}

func typing() []Binding {
	return []Binding{
		{Submit, Edit, []string{"enter"}, "use it", "use what was typed", GroupText},
		{NewLine, Edit, []string{"ctrl+j", "alt+enter"}, "", "begin a new line, where there can be several", GroupText},
		{Cancel, Edit, []string{"esc"}, "cancel", "leave it as it was", GroupText},
		{ToStart, Edit, []string{"ctrl+a", "home"}, "", "go to the beginning of the line", GroupText},
		{ToEnd, Edit, []string{"ctrl+e", "end"}, "", "go to the end of the line", GroupText},
		{ByWord, Edit, []string{"alt+left", "alt+right"}, "", "go a word to the left or to the right", GroupText},
		{Rub, Edit, []string{"ctrl+w", "ctrl+u", "ctrl+k"}, "", "delete the word before, the line before, the line behind", GroupText},
		{Yes, Question, []string{"y"}, "yes", "yes", GroupText},
		{No, Question, []string{"n", "esc"}, "no", "no", GroupText},
		{Cancel, Help, []string{"?", "esc", "enter"}, "close", "close this help", GroupAnywhere},
	}
}

// policyForm has no letters: both fields may hold any.
func policyForm() []Binding {
	return []Binding{
		{Submit, PolicyForm, []string{"enter"}, "verify", "verify with this policy", GroupText},
		{NextPane, PolicyForm, []string{"tab"}, "field", "go to the other field", GroupMove},
		{PrevPane, PolicyForm, []string{"shift+tab"}, "", "go to the other field", GroupMove},
		{Up, PolicyForm, []string{"up"}, "", "go to the other field", GroupMove},
		{Down, PolicyForm, []string{"down"}, "", "go to the other field", GroupMove},
		{PageUp, PolicyForm, []string{"pgup"}, "", "a page up", GroupMove},
		{PageDown, PolicyForm, []string{"pgdown"}, "", "a page down", GroupMove},
		{Pattern, PolicyForm, []string{"ctrl+r"}, "exact/regexp", "turn between an exact text and a regular expression", GroupText},
		{Anchor, PolicyForm, []string{"ctrl+t"}, "anchor", "write the expression so that it lets through nobody but who is meant", GroupText},
		{Copy, PolicyForm, []string{"ctrl+y"}, "copy", "send the policy as cosign's flags to the clipboard of the terminal", GroupText},
		{ToStart, PolicyForm, []string{"ctrl+a", "home"}, "", "go to the beginning of the line", GroupText},
		{ToEnd, PolicyForm, []string{"ctrl+e", "end"}, "", "go to the end of the line", GroupText},
		{ByWord, PolicyForm, []string{"alt+left", "alt+right"}, "", "go a word to the left or to the right", GroupText},
		{Rub, PolicyForm, []string{"ctrl+w", "ctrl+u", "ctrl+k"}, "", "delete the word before, the line before, the line behind", GroupText},
		{Cancel, PolicyForm, []string{"esc"}, "cancel", "leave the policy as it was", GroupText},
		{ShowHelp, PolicyForm, []string{"f1"}, "help", "show what the keys of this screen do", GroupAnywhere},
	}
}

// line has no letters: what is typed has them all.
func line() []Binding {
	return []Binding{
		{Submit, Prompt, []string{"enter"}, "run", "run the line", GroupText},
		{Up, Prompt, []string{"up", "ctrl+p"}, "older", "look at an older line", GroupMove},
		{Down, Prompt, []string{"down", "ctrl+n"}, "", "look at a newer line", GroupMove},
		{Complete, Prompt, []string{"tab"}, "complete", "complete the last word: commands, flags, variables, images, files", GroupText},
		{ToStart, Prompt, []string{"ctrl+a", "home"}, "", "go to the beginning of the line", GroupText},
		{ToEnd, Prompt, []string{"ctrl+e", "end"}, "", "go to the end of the line", GroupText},
		{ByWord, Prompt, []string{"alt+left", "alt+right"}, "", "go a word to the left or to the right", GroupText},
		{Rub, Prompt, []string{"ctrl+w", "ctrl+u", "ctrl+k"}, "", "delete the word before, the line before, the line behind", GroupText},
		{Cancel, Prompt, []string{"esc"}, "cancel", "leave the line", GroupText},
	}
}

// finding has no letters: what is looked for has them all.
func finding() []Binding {
	return []Binding{
		{Submit, Palette, []string{"enter"}, "do it", "do what is chosen", GroupRows},
		{Up, Palette, []string{"up", "ctrl+p"}, "", "up", GroupMove},
		{Down, Palette, []string{"down", "ctrl+n"}, "", "down", GroupMove},
		{PageUp, Palette, []string{"pgup"}, "", "a page up", GroupMove},
		{PageDown, Palette, []string{"pgdown"}, "", "a page down", GroupMove},
		{Back, Palette, []string{"esc"}, "back", "go back", GroupAnywhere},
	}
}

// signIn has no letters: the code that is pasted has them all.
func signIn() []Binding {
	return []Binding{
		{Submit, SignIn, []string{"enter"}, "submit", "send the code", GroupText},
		{OpenPage, SignIn, []string{"ctrl+o"}, "open", "open the page in a browser of this machine", GroupStep},
		{Copy, SignIn, []string{"ctrl+y"}, "copy", "send the link to the clipboard of the terminal", GroupStep},
		{RawLink, SignIn, []string{"ctrl+u"}, "raw URL", "leave the screen and print the link alone on a line, to select it there", GroupStep},
		{ClearText, SignIn, []string{"ctrl+k"}, "clear", "take the code out", GroupText},
		{NewLink, SignIn, []string{"ctrl+r"}, "new URL", "get a new link", GroupStep},
		{OtherWay, SignIn, []string{"ctrl+n"}, "other way", "sign in in another way: browser, code, device", GroupStep},
		{QRCode, SignIn, []string{"ctrl+g"}, "", "show the link as a code to scan, with a device", GroupLook},
		{Cancel, SignIn, []string{"esc"}, "cancel", "give up the sign-in, and stop the step", GroupStep},
		{ShowHelp, SignIn, []string{"f1"}, "help", "show what the keys of this screen do", GroupAnywhere},
	}
}

func anywhere() []Binding {
	return []Binding{
		{ShowHelp, Global, []string{"?", "f1"}, "help", "show what the keys of this screen do", GroupAnywhere},
		{Search, Global, []string{":"}, "", "find anything by its name: what a key does, a step, a lesson, a setting", GroupAnywhere},
		{Back, Global, []string{"esc"}, "", "stop the step that runs; else go back", GroupAnywhere},
		{Quit, Global, []string{"q"}, "", "quit", GroupAnywhere},
		{Interrupt, Global, []string{"ctrl+c"}, "", "stop the step that runs; pressed twice, quit", GroupAnywhere},
		{Suspend, Global, []string{"ctrl+z"}, "", "put sigwalk to sleep; fg in the shell wakes it", GroupAnywhere},
		{Redraw, Global, []string{"ctrl+l"}, "", "draw the screen anew", GroupAnywhere},
	}
}

// wayBack is Esc on the screens that lie above another one, where the line of keys shows it.
func wayBack(scope Scope) []Binding {
	return []Binding{{Back, scope, []string{"esc"}, "back", "leave the filter or the detail; else go back", GroupAnywhere}}
}

func moves(scope Scope) []Binding {
	return []Binding{
		{Up, scope, []string{"up", "k"}, "", "up", GroupMove},
		{Down, scope, []string{"down", "j"}, "", "down", GroupMove},
		{PageUp, scope, []string{"pgup", "ctrl+u"}, "", "a page up", GroupMove},
		{PageDown, scope, []string{"pgdown", "ctrl+d"}, "", "a page down", GroupMove},
		{Home, scope, []string{"home", "g"}, "", "to the beginning", GroupMove},
		{End, scope, []string{"end", "G"}, "", "to the end", GroupMove},
	}
}

// presenting is for the terminal of whoever presents; what it does, it does on the projector.
func presenting() []Binding {
	return slices.Concat([]Binding{
		{Next, Present, []string{" ", "n", "right"}, "next", "go to the next step on the projector; behind the last one, to the next lesson", GroupStep},
		{Previous, Present, []string{"b", "p", "left"}, "back", "go to the step before on the projector", GroupStep},
		{TypeOut, Present, []string{"t"}, "type", "type the command out on the projector, character by character, and run it", GroupStep},
		{Run, Present, []string{"enter"}, "run", "run the step on the projector; in the list of steps, go to the chosen one", GroupStep},
		{Autoplay, Present, []string{"a"}, "autoplay", "let the projector go on by itself, or end that; it waits at questions", GroupStep},
		{Blank, Present, []string{"z"}, "blank", "blank the projector, or bring it back", GroupStep},
		{Steps, Present, []string{"l"}, "jump", "choose a step to jump to", GroupLook},
		{Faster, Present, []string{"+", "="}, "", "autoplay and typing faster", GroupStep},
		{Slower, Present, []string{"-"}, "", "autoplay and typing slower", GroupStep},
		{Escape, Present, []string{"."}, "", "press esc on the projector: stop what runs there, or go back", GroupStep},
		{Hint, Present, []string{"h"}, "", "show a hint on the projector, and then the next one", GroupStep},
		{Why, Present, []string{"w"}, "", "say on the projector why this step is there", GroupStep},
		{OpenTable, Present, []string{"v"}, "", "show the signatures as a table on the projector", GroupLook},
		{Copy, Present, []string{"y"}, "", "send the command to the clipboard of this terminal", GroupStep},
		{Cancel, Present, []string{"esc"}, "", "leave the list of steps", GroupAnywhere},
	}, moves(Present), []Binding{
		{Yes, PresentAsk, []string{"y"}, "yes", "answer yes on the projector", GroupStep},
		{No, PresentAsk, []string{"n"}, "no", "answer no on the projector", GroupStep},
		{Autoplay, PresentAsk, []string{"a"}, "autoplay", "let the projector go on by itself, or end that; it waits at questions", GroupStep},
		{Blank, PresentAsk, []string{"z"}, "blank", "blank the projector, or bring it back", GroupStep},
		{Escape, PresentAsk, []string{"."}, "", "press esc on the projector: leave the question", GroupStep},
	}, moves(PresentAsk))
}

// playing is for a recording.
func playing() []Binding {
	return []Binding{
		{Pause, Replay, []string{" "}, "pause", "pause, or go on", GroupStep},
		{Next, Replay, []string{"n", "."}, "step", "pause, and show what comes next", GroupStep},
		{NextMarker, Replay, []string{"right", "]"}, "next step", "go to where the next step of the lesson begins", GroupMove},
		{PrevMarker, Replay, []string{"left", "["}, "back", "go to where the step before begins", GroupMove},
		{Faster, Replay, []string{"+", "="}, "faster", "play faster", GroupStep},
		{Slower, Replay, []string{"-"}, "slower", "play slower", GroupStep},
		{Home, Replay, []string{"g", "home"}, "", "to the beginning", GroupMove},
	}
}
