package workshop_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
)

const front = "---\ntitle: T\nsummary: S\nminutes: 5\n---\n" // five lines

func parse(t *testing.T, source string) (*workshop.Lesson, error) {
	t.Helper()
	return workshop.ParseLesson(fstest.MapFS{"l.md": {Data: []byte(source)}}, "l.md")
}

func TestParseLesson(t *testing.T) {
	source := strings.ReplaceAll("\ufeff"+`---
title: Two words
summary: 'What is learnt: this'
minutes: 12
needs: [QUAY, IMAGE]
---

Before *all*.

### A smaller heading

## First {#first}

'''yaml step
kind: changes
view: trust
'''

Text with a block:

'''sh
echo not run
'''

'''sh run
cosign initialize \
  --mirror $M

echo done
'''

After.

'''yaml check
- kind: trust-root
- kind: variable-set
  title: 'it is: set'
  name: QUAY
  matches: '^a#b$'
'''

'''why
Because.
'''

'''hint
One.
'''

''''hint
Two with code:
'''
x
'''
''''

'''notes
- note
'''

## Only read {#only-read}

Nothing to do.

## Look {#look}

'''yaml step
kind: observes
needs: first
'''
'''sh run
cosign tree $IMAGE
'''
'''yaml check
- {kind: tree-signatures, at-least: 1}
'''
`, "'''", "```")
	source = strings.ReplaceAll(source, "```'", "````")
	source = strings.ReplaceAll(source, "\n", "\r\n")
	got, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	want := &workshop.Lesson{
		Name: "l", Title: "Two words", Summary: "What is learnt: this", Minutes: 12, Needs: []string{"QUAY", "IMAGE"},
		Intro: "Before *all*.\n\n### A smaller heading",
		Steps: []workshop.Step{
			{
				ID: "first", Title: "First", Kind: workshop.Changes, View: "trust", Line: 12,
				Text:    "Text with a block:\n\n```sh\necho not run\n```\n\nAfter.",
				Why:     "Because.",
				Hints:   []string{"One.", "Two with code:\n```\nx\n```"},
				Notes:   "- note",
				Command: "cosign initialize \\\n  --mirror $M\n\necho done",
				Checks: []workshop.Check{
					{Kind: "trust-root", Title: "the trust root is there and in date", With: map[string]string{}, Line: 35},
					{Kind: "variable-set", Title: "it is: set", With: map[string]string{"name": "QUAY", "matches": "^a#b$"}, Line: 36},
				},
			},
			{ID: "only-read", Title: "Only read", Text: "Nothing to do.", Line: 61},
			{
				ID: "look", Title: "Look", Kind: workshop.Observes, Needs: []string{"first"}, Command: "cosign tree $IMAGE", Line: 65,
				Checks: []workshop.Check{{
					Kind: "tree-signatures", Title: "the tree shows signatures", With: map[string]string{"at-least": "1"}, Line: 75,
				}},
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%#v\nwant\n%#v", got, want)
	}
}

func TestParseErrorsNameLineAndRemedy(t *testing.T) {
	step := func(settings, run, check string) string {
		return front + "## S {#s}\n```yaml step\n" + settings + "```\n```sh run\n" + run + "```\n```yaml check\n" + check + "```\n"
	}
	const ran = "echo x\n"
	const checked = "- kind: trust-root\n"
	for name, test := range map[string]struct {
		source string
		want   []string // "line: part ; part", every problem in order
	}{
		"empty":                     {"", []string{"1: no front matter; begin the file", "1: no step; begin each step"}},
		"no front matter":           {"# Title\n", []string{"1: no front matter", "1: a heading of level one; put the lesson's title", "2: no step"}},
		"open front matter":         {"---\ntitle: T\n", []string{"1: does not end; close it", "3: no step"}},
		"missing fields":            {"---\ntitle: T\n---\nx\n", []string{"1: no summary", "1: no minutes", "5: no step"}},
		"empty front matter":        {"---\n---\n", []string{"2: is empty; write title", "3: no step"}},
		"wrong YAML":                {"---\ntitle: T\nsummary: a: b\nminutes: 5\n---\n## S {#s}\nx\n", []string{"3: no YAML; check the indentation"}},
		"unknown field":             {"---\ntitle: T\nsumary: S\nminutes: 5\n---\n## S {#s}\nx\n", []string{"1: no summary", `3: knows no "sumary"; write "summary"`}},
		"field twice":               {"---\ntitle: T\nsummary: S\ntitle: U\nminutes: 5\n---\n## S {#s}\nx\n", []string{"4: twice; keep one"}},
		"minutes":                   {"---\ntitle: T\nsummary: S\nminutes: ten\n---\n## S {#s}\nx\n", []string{"4: minutes is \"ten\"; write a whole number"}},
		"minutes with unit":         {"---\ntitle: T\nsummary: S\nminutes: 5m\n---\n## S {#s}\nx\n", []string{"4: minutes is \"5m\""}},
		"needs with dollar":         {"---\ntitle: T\nsummary: S\nminutes: 5\nneeds:\n- OK\n- $QUAY\n---\n## S {#s}\nx\n", []string{`7: "$QUAY"; write names such as QUAY`}},
		"no name":                   {front + "\n## Copy the Image\nx\n", []string{"7: has no name; write ## Copy the Image {#copy-the-image}"}},
		"name not in case":          {front + "## S {#My_Step}\nx\n", []string{"6: My_Step; write {#my-step}"}},
		"no title":                  {front + "text\n\n##\n\nx\n", []string{"8: without a title; write ##"}},
		"name twice":                {front + "## S {#s}\nx\n## S {#s}\nx\n", []string{"8: second step; give it another"}},
		"underlined heading":        {front + "Step\n----\n\nx\n", []string{"6: underlined; write ##", "6: has no name; write ## Step {#step}"}},
		"empty step":                {front + "## S {#s}\n", []string{"6: empty; add text"}},
		"block does not end":        {front + "## S {#s}\n\n```hint\nx\n", []string{"8: does not end; close it"}},
		"block misspelt":            {front + "## S {#s}\n\n```sh rnu\nx\n```\n", []string{"8: rnu; write ```sh run"}},
		"prose misspelt":            {front + "## S {#s}\nx\n\n```hints\nx\n```\n", []string{"9: hints; write ```hint"}},
		"block without words":       {front + "## S {#s}\nx\n\n```check\n- kind: trust-root\n```\n", []string{"9: check; write ```yaml check"}},
		"block unknown":             {front + "## S {#s}\nx\n\n```sh question\nx\n```\n", []string{"9: question; a second word"}},
		"block before steps":        {front + "```hint\nx\n```\n## S {#s}\nx\n", []string{"6: before the first step; move it below"}},
		"block in a list":           {front + "## S {#s}\n- one\n\n  ```hint\n  x\n  ```\n", []string{"9: inside a list; move it"}},
		"expects, runs nothing":     {front + "## S {#s}\nx\n\n```expected\nx\n```\n", []string{"6: expects an output; add"}},
		"expects anything":          {front + "## S {#s}\nx\n\n```expected\n...\n```\n", []string{"6: expects an output; add", "10: leaves everything open; write the lines"}},
		"block twice":               {front + "## S {#s}\nx\n```why\nx\n```\n\n```why\ny\n```\n", []string{"12: second why; join"}},
		"empty block":               {front + "## S {#s}\nx\n```why\n\n```\n", []string{"8: empty why; fill it"}},
		"no kind":                   {step("view: table\n", ran, checked), []string{"8: no kind; write kind: changes"}},
		"unknown kind":              {step("kind: change\n", ran, checked), []string{`8: "change"; write "changes"`}},
		"unknown view":              {step("kind: changes\nview: tabel\n", ran, checked), []string{`9: "tabel"; write "table"`}},
		"sandbox-only says not why": {"---\ntitle: T\nsummary: S\nminutes: 1\nsandbox-only: true\n---\n## S {#s}\nx\n", []string{"5: sandbox-only does not say why; write the reason"}},
		"unknown setting":           {step("kind: changes\nneed: [a]\n", ran, checked), []string{`9: knows no "need"; write "needs"`}},
		"settings no mapping":       {step("- a\n", ran, checked), []string{"8: no mapping"}},
		"need unknown":              {step("kind: changes\nneeds: [t]\n", ran, checked), []string{"9: nothing stands before the first step"}},
		"need misspelt":             {front + "## A {#abcd}\nx\n## S {#s}\n```yaml step\nkind: changes\nneeds:\n- abce\n```\n```sh run\nx\n```\n```yaml check\n- kind: trust-root\n```\n", []string{`12: abce; write "abcd"`}},
		"need itself":               {step("kind: changes\nneeds: [s]\n", ran, checked), []string{"9: does not stand before"}},
		"no step block":             {front + "## S {#s}\n```sh run\nx\n```\n```yaml check\n- kind: trust-root\n```\n", []string{"6: no kind; add ```yaml step"}},
		"no command":                {front + "## S {#s}\n```yaml check\n- kind: trust-root\n```\n", []string{"6: checks and no command; add ```sh run"}},
		"no check":                  {front + "## S {#s}\n```yaml step\nkind: changes\n```\n```sh run\nx\n```\n", []string{"6: no check; add ```yaml check"}},
		"observes nothing":          {step("kind: observes\n", ran, checked), []string{"6: no check looks; add a check"}},
		"changes by output":         {step("kind: changes\n", ran, "- kind: command-fails\n  exit-code: 1\n"), []string{"14: changes the world; check what the world shows"}},
		"checks no list":            {step("kind: changes\n", ran, "kind: trust-root\n"), []string{"14: no list; write a list"}},
		"check unknown":             {step("kind: changes\n", ran, "- kind: trust-rot\n"), []string{`14: trust-rot; write "trust-root"`}},
		"check without kind":        {step("kind: changes\n", ran, "- title: x\n"), []string{"14: no kind; write - kind"}},
		"check parameter":           {step("kind: changes\n", ran, "- kind: image-at-digest\n  imag: x\n"), []string{"14: has no image; add image:", `15: knows no "imag"; write "image"`}},
		"check neither":             {step("kind: changes\n", ran, "- kind: signature-present\n  image: x\n  subject: y\n"), []string{"14: neither issuer nor issuer-regexp; add"}},
		"check both":                {step("kind: changes\n", ran, "- kind: signature-present\n  image: x\n  issuer: z\n  subject: y\n  subject-regexp: y\n"), []string{"14: subject and subject-regexp; keep one"}},
		"check expression":          {step("kind: changes\n", ran, "- kind: variable-set\n  name: A\n  matches: '('\n"), []string{`16: "("; write a regular expression`}},
		"check number":              {step("kind: observes\n", ran, "- kind: table-rows\n  count: many\n"), []string{`15: "many"; write a whole number`}},
		"check list value":          {step("kind: changes\n", ran, "- kind: variable-set\n  name: [A]\n"), []string{"14: has no name", "15: no single value"}},
		"control character":         {front + "## S {#s}\nx\x1b[2J\n", []string{"7: U+001B; remove it"}},
		"not UTF-8":                 {front + "## S {#s}\n\xff\n", []string{"7: not UTF-8; save the file"}},
	} {
		t.Run(name, func(t *testing.T) {
			lesson, err := parse(t, test.source)
			if lesson != nil {
				t.Error("a lesson came with the error")
			}
			if actions.CodeOf(err) != actions.CodeLessonBroken {
				t.Fatalf("error %v", err)
			}
			var problems workshop.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("no problems in %v", err)
			}
			matched := len(problems) == len(test.want)
			for i := 0; matched && i < len(problems); i++ {
				line, parts, _ := strings.Cut(test.want[i], ": ")
				matched = fmt.Sprint(problems[i].Line) == line && problems[i].Instead != ""
				for _, part := range strings.SplitN(parts, "; ", 2) {
					matched = matched && strings.Contains(problems[i].String(), part)
				}
			}
			if !matched {
				t.Errorf("got\n%v\nwant\n%s", problems, strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestLessonThatCannotBeRead(t *testing.T) {
	files := fstest.MapFS{"big.md": {Data: make([]byte, 2<<20)}, "dir.md/x": {}}
	for _, name := range []string{"none.md", "big.md", "dir.md"} {
		if _, err := workshop.ParseLesson(files, name); actions.CodeOf(err) != actions.CodeLessonBroken || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseLesson wants a lesson or problems, whatever the bytes.
func FuzzParseLesson(f *testing.F) {
	f.Add([]byte(front + "## S {#s}\n```yaml step\nkind: changes\n```\n> ```sh run\n> x\n\n```yaml check\n- kind: trust-root\n```\n"))
	f.Add([]byte(front + "a\n-\n\n##\n~~~\n~~~\n#### {#x}\n\t```hint\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		lesson, err := workshop.ParseLesson(fstest.MapFS{"l.md": {Data: source}}, "l.md")
		if (lesson == nil) == (err == nil) {
			t.Errorf("lesson %v, error %v", lesson, err)
		}
	})
}
