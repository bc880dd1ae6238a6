package workshop

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/sigwalk/sigwalk/actions"
)

// maxLessonBytes bounds a lesson file, so that a wrong path such as an image archive is refused and not read.
const maxLessonBytes = 1 << 20

var (
	stepID       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// ParseLesson reads the lesson in the file name of fsys; docs/lesson-format.md describes the format. Its error has
// CodeLessonBroken, wraps Problems with everything that is wrong, each with file, line and what to write instead, and
// comes without a lesson.
func ParseLesson(fsys fs.FS, name string) (*Lesson, error) {
	p := &lessonParser{problems: problems{file: name}}
	source, err := readLesson(fsys, name)
	if err != nil {
		return nil, err
	}
	p.source = p.checkText(source)
	if len(p.list) > 0 {
		return nil, p.err()
	}
	p.lesson = &Lesson{Name: strings.TrimSuffix(path.Base(name), path.Ext(name))}
	p.frontMatter()
	p.body()
	p.crossCheck()
	if err := p.err(); err != nil {
		return nil, err
	}
	return p.lesson, nil
}

func readLesson(fsys fs.FS, name string) ([]byte, error) {
	broken := func(why string, err error) error {
		return &actions.Error{
			Code: actions.CodeLessonBroken, What: fmt.Sprintf("the lesson %s cannot be read", name), Why: why,
			Next: "name a Markdown file that begins with a front matter between two lines of ---", Err: err,
		}
	}
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, broken("", err)
	case info.IsDir():
		return nil, broken("it is a directory", nil)
	case info.Size() > maxLessonBytes:
		return nil, broken(fmt.Sprintf("it has %d bytes and a lesson may have %d", info.Size(), maxLessonBytes), nil)
	}
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, broken("", err)
	}
	return source, nil
}

// lessonParser reads one file. The front matter is blanked out of source before the Markdown is parsed, so that every
// offset and line number is the file's own.
type lessonParser struct {
	problems
	source []byte
	lesson *Lesson
	// blocks counts, for the step being read, the blocks that may stand there once.
	blocks map[role]int
	// stepNeeds are the needs of all steps, to be resolved when every step is known.
	stepNeeds []stepNeed
}

type stepNeed struct {
	step int
	name string
	line int
}

// checkText normalises line ends and refuses what no lesson holds: bytes that are not UTF-8, and control characters, which
// would reach the terminal of whoever opens the lesson.
func (p *lessonParser) checkText(source []byte) []byte {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	source = bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
	for number, line := range bytes.Split(source, []byte("\n")) {
		if !utf8.Valid(line) {
			p.add(number+1, "bytes that are not UTF-8", "save the file as UTF-8")
			continue
		}
		for _, r := range string(line) {
			if unicode.IsControl(r) && r != '\t' {
				p.add(number+1, fmt.Sprintf("the control character %U", r), "remove it")
				break
			}
		}
	}
	return source
}

// lineAt returns the number, from 1, of the line that holds offset.
func (p *lessonParser) lineAt(offset int) int {
	return bytes.Count(p.source[:min(offset, len(p.source))], []byte("\n")) + 1
}

// lineStart returns the offset at which the line that holds offset begins.
func (p *lessonParser) lineStart(offset int) int {
	return bytes.LastIndexByte(p.source[:offset], '\n') + 1
}

// nextLine returns the offset at which the line after the one that holds offset begins.
func (p *lessonParser) nextLine(offset int) int {
	if i := bytes.IndexByte(p.source[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(p.source)
}

// frontMatter reads the YAML between the first two lines of --- and blanks it out.
func (p *lessonParser) frontMatter() {
	const howTo = "begin the file with a line of ---, then title, summary, minutes and needs in YAML, then a line of ---"
	end := -1
	if first := p.nextLine(0); strings.TrimRight(string(p.source[:first]), " \t\n") == "---" {
		for at := first; at < len(p.source); at = p.nextLine(at) {
			if strings.TrimRight(string(p.source[at:p.nextLine(at)]), " \t\n") == "---" {
				end = at
				break
			}
		}
		if end < 0 {
			p.add(1, "the front matter does not end", "close it with a line of ---")
			return
		}
		p.readFrontMatter(string(p.source[first:end]))
		for i := range p.source[:p.nextLine(end)] {
			if p.source[i] != '\n' {
				p.source[i] = ' '
			}
		}
		return
	}
	p.add(1, "no front matter", howTo)
}

func (p *lessonParser) readFrontMatter(yamlText string) {
	fields, ok := p.mapping(yamlText, 2, "the front matter", []string{"title", "summary", "minutes", "needs", "after", sandboxOnly})
	if !ok {
		return
	}
	p.lesson.Title = p.scalar(fields, "title", 1, "write title: and the lesson's name for people")
	p.lesson.Summary = p.scalar(fields, "summary", 1, "write summary: and one sentence on what is learnt")
	if minutes := p.scalar(fields, "minutes", 1, "write minutes: and the planned time, such as 10"); minutes != "" {
		if _, err := fmt.Sscanf(minutes, "%d", &p.lesson.Minutes); err != nil || p.lesson.Minutes < 1 || fmt.Sprint(p.lesson.Minutes) != minutes {
			p.add(fields["minutes"].line, fmt.Sprintf("minutes is %q", minutes), "write a whole number such as 10")
		}
	}
	p.lesson.SandboxOnly = p.sandboxOnly(fields)
	for _, item := range p.items(fields, "needs") {
		if !variableName.MatchString(item.text) {
			p.add(item.line, fmt.Sprintf("needs names %q, which is no variable", item.text), "write names such as QUAY, without $")
			continue
		}
		p.lesson.Needs = append(p.lesson.Needs, item.text)
	}
	for _, item := range p.items(fields, "after") {
		lesson, step, both := strings.Cut(item.text, "/")
		if !both || !stepID.MatchString(lesson) || !stepID.MatchString(step) {
			p.add(item.line, fmt.Sprintf("after names %q", item.text), "write LESSON/STEP, such as sign-an-image/log-in")
			continue
		}
		p.lesson.After = append(p.lesson.After, Earlier{Lesson: lesson, ID: step, Line: item.line})
	}
}

// sandboxOnly is the name under which a lesson or a step says why it is for the sandbox alone.
const sandboxOnly = "sandbox-only"

// sandboxOnly reads why something is for the sandbox alone; empty where nothing says so.
func (p *lessonParser) sandboxOnly(fields map[string]field) string {
	if _, given := fields[sandboxOnly]; !given {
		return ""
	}
	reason := p.scalar(fields, sandboxOnly, 1, "say why as half a sentence, such as: it tampers with images")
	if reason == "true" || reason == "yes" {
		p.add(fields[sandboxOnly].line, sandboxOnly+" does not say why", "write the reason as half a sentence, such as: it tampers with images")
	}
	return strings.TrimSuffix(reason, ".")
}

// body reads the steps: each level-two heading begins one.
func (p *lessonParser) body() {
	markdown := goldmark.New(goldmark.WithParserOptions(parser.WithHeadingAttribute()))
	document := markdown.Parser().Parse(text.NewReader(p.source))
	textStart, cursor := 0, 0 // where the text not yet taken begins, and how far the file was read
	take := func(until int) {
		piece := string(p.source[textStart:until])
		if step := p.step(); step != nil {
			step.Text += piece
		} else {
			p.lesson.Intro += piece
		}
	}
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		switch block := node.(type) {
		case *ast.Heading:
			start := p.headingStart(block, cursor)
			cursor = p.nextLine(start)
			switch block.Level {
			case 1:
				p.add(p.lineAt(start), "a heading of level one", "put the lesson's title in the front matter and begin steps with ##")
			case 2:
				if p.source[start+len(p.source[start:])-len(bytes.TrimLeft(p.source[start:], " "))] != '#' {
					p.add(p.lineAt(start), "a heading that is underlined", "write ## before the title")
					cursor = p.nextLine(cursor)
				}
				take(start)
				p.beginStep(block, start)
				textStart = cursor
			}
		case *ast.FencedCodeBlock:
			start, end, closed := p.fence(block, cursor)
			cursor = end
			if !closed {
				p.add(p.lineAt(start), "a block that does not end", "close it with a line of ``` as long as the one that opens it")
				continue
			}
			if p.roleBlock(block, start) {
				take(start)
				textStart = end
			}
		default:
			p.refuseNested(node)
			if lines := lastOffset(node); lines > cursor {
				cursor = lines
			}
		}
	}
	take(len(p.source))
	p.lesson.Intro = strings.TrimSpace(p.lesson.Intro)
	for i := range p.lesson.Steps {
		p.lesson.Steps[i].Text = squeeze(p.lesson.Steps[i].Text)
	}
	if len(p.lesson.Steps) == 0 {
		p.add(p.lineAt(len(p.source)), "no step", "begin each step with a line such as ## Copy the image {#copy-image}")
	}
}

// step returns the step being read, or nil before the first.
func (p *lessonParser) step() *Step {
	if len(p.lesson.Steps) == 0 {
		return nil
	}
	return &p.lesson.Steps[len(p.lesson.Steps)-1]
}

// headingStart returns the offset of the line that holds a heading. A heading without text has no place of its own in the
// parsed document: it is looked for from where the file was read to.
func (p *lessonParser) headingStart(heading *ast.Heading, from int) int {
	if heading.Lines().Len() > 0 {
		return p.lineStart(heading.Lines().At(0).Start)
	}
	for at := from; at < len(p.source); at = p.nextLine(at) {
		if bytes.HasPrefix(bytes.TrimLeft(p.source[at:], " "), []byte("#")) {
			return at
		}
	}
	return p.lineStart(from)
}

// fence returns where a fenced block begins and ends in the file, its fences included, and whether it is closed.
func (p *lessonParser) fence(block *ast.FencedCodeBlock, from int) (start, end int, closed bool) {
	switch lines := block.Lines(); {
	case block.Info != nil:
		start = p.lineStart(block.Info.Segment.Start)
	case lines.Len() > 0:
		start = p.lineStart(p.lineStart(lines.At(0).Start) - 1)
	default:
		start = from
		for start < len(p.source) && len(bytes.TrimSpace(p.source[start:p.nextLine(start)])) == 0 {
			start = p.nextLine(start)
		}
	}
	end = p.nextLine(start)
	if n := block.Lines().Len(); n > 0 {
		end = p.nextLine(p.lineStart(block.Lines().At(n - 1).Start))
	}
	if end >= len(p.source) {
		return start, end, false
	}
	return start, p.nextLine(end), true
}

// lastOffset returns the end of the last line of text below node, or 0.
func lastOffset(node ast.Node) int {
	last := 0
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			last = max(last, n.Lines().At(n.Lines().Len()-1).Stop)
		}
		return ast.WalkContinue, nil
	})
	return last
}

// refuseNested reports blocks with a meaning inside lists and quotes, where they would be taken for text.
func (p *lessonParser) refuseNested(node ast.Node) {
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.FencedCodeBlock)
		if !entering || !ok || block.Info == nil {
			return ast.WalkContinue, nil
		}
		if r, _ := roleOf(string(block.Info.Segment.Value(p.source))); r != roleText {
			p.add(p.lineAt(block.Info.Segment.Start), fmt.Sprintf("a %s block inside a list or a quotation", r), "move it to the left margin")
		}
		return ast.WalkContinue, nil
	})
}

// beginStep starts a step at a heading.
func (p *lessonParser) beginStep(heading *ast.Heading, start int) {
	line := p.lineAt(start)
	title := ""
	if heading.Lines().Len() > 0 {
		segment := heading.Lines().At(0)
		title = strings.TrimSpace(string(segment.Value(p.source)))
	}
	step := Step{Title: title, Line: line}
	if id, ok := heading.AttributeString("id"); ok {
		raw, _ := id.([]byte)
		step.ID = string(raw)
	}
	suggestion := slug(title)
	switch {
	case title == "":
		p.add(line, "a step without a title", "write ## Copy the image {#copy-image}")
	case step.ID == "":
		p.add(line, fmt.Sprintf("the step %q has no name", title), fmt.Sprintf("write ## %s {#%s}", title, suggestion))
	case !stepID.MatchString(step.ID):
		p.add(line, fmt.Sprintf("the step's name %q is not in lower case with dashes", step.ID), fmt.Sprintf("write {#%s}", slug(step.ID)))
	}
	if step.ID == "" {
		step.ID = suggestion
	}
	p.lesson.Steps = append(p.lesson.Steps, step)
	p.blocks = map[role]int{}
}

// slug makes a step's name from words.
func slug(words string) string {
	fields := strings.FieldsFunc(strings.ToLower(words), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if len(fields) == 0 {
		return "my-step"
	}
	return strings.Join(fields, "-")
}

// squeeze trims Markdown and closes the gaps of more than one empty line that taken-out blocks leave.
func squeeze(markdown string) string {
	return regexp.MustCompile(`\n([ \t]*\n){2,}`).ReplaceAllString(strings.TrimSpace(markdown), "\n\n")
}
